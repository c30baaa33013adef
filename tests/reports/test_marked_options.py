"""What cannot be used is named where it was said: the chip of a page, the option of a command."""

import ast
import re
from pathlib import Path

import pytest
from django.urls import reverse

from loopline.access.roles import Role
from loopline.cli.commands import report as command
from loopline.cli.main import main
from loopline.reports.answer import answered
from loopline.store.current import use_engine
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import BOOKS
from tests.make import make_unit, signed_in_as

ROOT = Path(__file__).resolve().parents[2]


def test_every_option_error_names_its_field() -> None:
    found = 0
    for path in (ROOT / "loopline").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "OptionError":
                found += 1
                assert len(node.args) == 2, f"{path}:{node.lineno}"
                field = node.args[1]
                assert not isinstance(field, ast.Constant) or field.value, f"{path}:{node.lineno}"
    assert found > 30


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "chip", "shows"),
    [
        ({"model": "x"}, "Model", "x"),
        ({"model": "markov"}, "Model", "Markov"),
        ({"order": "9"}, "Model", "as usual"),
        ({"order": "1.5"}, "Model", "as usual"),
        ({"from": "soon", "to": "2026-01-01"}, "Period", "soon – 2026-01-01"),
        ({"period": "x"}, "Period", "x"),
        ({"by": "weather"}, "By", "weather"),
        ({"humans": "x"}, "Touchpoints", "as usual"),
        ({"people": "x"}, "Touchpoints of", "x"),
        ({"as_of": "<b>"}, "As of", "&lt;b&gt;"),
        ({"lookback": "0"}, "Window", "0"),
        ({"clock": "x"}, "Clock", "x"),
        ({"conversion": "x"}, "Conversions", "x"),
    ],
)
def test_the_chip_of_an_option_that_cannot_be_used_is_marked_and_no_other(
    said: dict[str, str], chip: str, shows: str, store: DuckDBEngine
) -> None:
    answer = signed_in_as(Role.MARKETING, make_unit()).get(reverse("closed_loop"), said)
    text = answer.content.decode()
    assert answer.status_code == 400
    marked = re.findall(r'<details class="chip[^"]*is-wrong">\s*<summary><svg.*?</svg> (.*?) <b>(.*?)</b>', text, re.S)
    assert marked == [(chip, shows)]
    assert f"<b>{chip}:</b>" in text
    assert f'href="{reverse("closed_loop")}">Use the usual options</a>' in text


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["weekly", "planner", "bottlenecks", "models", "closed_loop_beside"])
def test_each_page_with_chips_marks_the_wrong_one(page: str, store: DuckDBEngine) -> None:
    text = signed_in_as(Role.MARKETING, make_unit()).get(reverse(page), {"as_of": "x"}).content.decode()
    assert text.count("is-wrong") == 1


TYPED = [
    (["closed-loop", "--half-life", "x"], "--half-life: “x”"),
    (["closed-loop", "--as-of", "soon"], "--as-of: “soon”"),
    (["closed-loop", "--by", "weather"], "--by: There is no dimension"),
    (["no-such"], "KEY: There is no report"),
    (["closed-loop", "--changed-since", "2099-01-01"], "--changed-since: Choose a moment before"),
    (["closed-loop", "--from", "2026-13-01"], "--from: "),
    (["closed-loop", "--model", "nope"], "--model: "),
    (["closed-loop", "--lookback", "-3"], "--lookback: "),
]


@pytest.mark.parametrize(("typed", "named"), TYPED)
def test_on_the_command_line_the_option_stands_before_the_sentence(
    typed: list[str], named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    reading_engine: DuckDBEngine,
) -> None:  # fmt: skip
    def ask(_config: object, given: object) -> object:
        return answered(given.key, command.words_sent(given), reading_engine, BOOKS)  # type: ignore[attr-defined, arg-type]

    monkeypatch.setattr(command, "_ask", ask)
    assert main(["report", *typed]) == 2, "used wrongly"
    assert named in capsys.readouterr().err


@pytest.mark.django_db
@pytest.mark.parametrize(("typed", "named"), TYPED)
def test_what_the_server_refuses_was_typed_as_wrongly(
    typed: list[str], named: str, served_here: None, capsys: pytest.CaptureFixture[str], store: DuckDBEngine
) -> None:
    assert main(["report", *typed]) == 2, "used wrongly"
    assert named in capsys.readouterr().err
    use_engine(None)
    assert main(["report", "closed-loop"]) == 1, "nobody used it wrongly"
