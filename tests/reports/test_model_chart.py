"""The chart of models: each mark stands where its figure is, names do no harm, and mails have it, too."""

from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest

from loopline.reporting import letter
from loopline.reporting.model_chart import Given, model_chart, model_png
from loopline.reports.catalogue import REPORTS
from loopline.reports.options import Options, Scope
from loopline.reports.report import result_of
from loopline.reports.result import Row
from tests.attribution.shelf import BOOKS

LABELS = {"first_touch": "First touch", "linear": "Linear", "markov": "Markov", "custom_ours": "Ours & theirs"}
HOSTILE = '"><script>alert(1)</script>'


def told(amount: float) -> str:
    return f"{amount:,.0f}"


def drawn(*rows: Given) -> list[ElementTree.Element]:
    chart = model_chart(rows, LABELS, told)
    assert chart
    return [ElementTree.fromstring(one.svg) for one in chart.strips]


def given(name: str, *amounts: float) -> Given:
    return Given(name, dict(zip(LABELS, amounts, strict=True)))


def test_marks_stand_between_nothing_and_the_most_and_say_their_figures() -> None:
    """Two percent of the width stay free at both ends: 0 is 2 %, the most 98 %, the half 50 %."""
    first, second = drawn(given("Email", 200, 100, 0, 100), given("Event", 50, 50, 50, 50))
    marks = {mark.find("title").text: mark.get("x") for mark in first.iter("svg") if mark.find("title") is not None}  # type: ignore[union-attr]
    assert marks == {
        "First touch: 200": "98.00%", "Linear: 100": "50.00%", "Markov: 0": "2.00%", "Ours & theirs: 100": "50.00%",
    }  # fmt: skip
    assert first.get("aria-label") == "Email: 0 by Markov to 200 by First touch"
    [span] = second.iter("line")
    assert span.get("x1") == span.get("x2") == "26.00%"


def test_losses_stand_left_of_nothing() -> None:
    chart = model_chart([given("Email", -100, 100, 0, 0)], LABELS, told)
    assert chart
    assert (chart.least, chart.most) == ("-100", "100")
    assert 'x="50.00%"' in chart.strips[0].svg


def test_each_model_has_a_sign_that_is_told() -> None:
    chart = model_chart([given("Email", 1, 2, 3, 4)], LABELS | {"custom_other": "Board"}, told)
    assert chart
    assert [words for words, _ in chart.signs] == ["First touch", "Linear", "2 of our own", "Markov"]


def test_nothing_to_differ_in_draws_nothing() -> None:
    assert model_chart([given("Email", 0, 0, 0, 0)], LABELS, told) is None
    assert model_chart([Given("Email", {"linear": 5})], {"linear": "Linear"}, told) is None


def test_names_do_no_harm_on_the_page_and_in_the_picture() -> None:
    chart = model_chart([given(HOSTILE, 1, 2, 3, 4)], LABELS | {"linear": HOSTILE}, told)
    assert chart
    svg = chart.strips[0].svg
    assert "<script" not in svg
    assert "style=" not in svg
    assert model_png(chart).startswith(b"\x89PNG")


def test_a_mail_has_the_chart_that_the_page_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(letter, "model_png", lambda chart: seen.append(len(chart.strips)) or b"\x89PNG")
    report = REPORTS["model-comparison"]
    scope = Scope(Options(by="channel"), BOOKS, date(2024, 3, 1), date(2024, 3, 31), datetime(2024, 4, 1, tzinfo=UTC))
    values = {metric.key: 100_00 for metric in report.metrics}
    result = result_of(
        report, scope, "Channel", [Row("Email", "Email", values=values)], Row("~total", "Total", values=values)
    )
    result.warnings = ["Email: 50% by first touch, 0% by last touch. It opens more than it closes."]
    mail = letter.letter_of("Models", result, report, "https://loopline.example/", lambda _form: b"")
    assert mail.attachments[0].content.startswith(b"\x89PNG")
    assert seen == [1]
    assert "It opens more than it closes" in mail.html
    assert "It opens more than it closes" in mail.text
