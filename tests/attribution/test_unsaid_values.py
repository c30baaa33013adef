"""`loopline attribute` on files that do not say what conversions are worth: that is unknown, and not 0."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from loopline.cli.main import main

Ask = Callable[..., str]


@pytest.fixture
def asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def ask(text: str, *arguments: str) -> str:
        (tmp_path / "file.csv").write_text(text)
        assert main(["attribute", str(tmp_path / "file.csv"), *arguments]) == 0
        return capsys.readouterr().out

    return ask


@pytest.mark.parametrize(
    "text",
    [
        "path;total_conversions\nA > B;2\nB;1\n",
        "path_id,touched_at,channel,converted_at\n1,2026-03-01,A,2026-03-08\n2,2026-03-02,A,2026-03-08\n",
    ],
)
def test_what_a_file_does_not_say_of_value_is_left_open(asked: Ask, text: str) -> None:
    told = json.loads(asked(text, "--model", "linear", "--format", "json"))
    assert {row["value"] for row in told["rows"]} == {None}
    lines = [*csv.DictReader(io.StringIO(asked(text, "--model", "linear,last_touch", "--format", "csv")))]
    assert {line["value"] for line in lines} == {""}
    for models in ("linear", "linear,last_touch"):
        assert "alue" not in asked(text, "--model", models)


def test_a_value_of_zero_is_a_value(asked: Ask) -> None:
    answer = asked("path;total_conversions;total_conversion_value\nA > B;2;0\n", "--model", "linear,last_touch")
    assert "Value of" in answer
