"""The commonest ways as a flow: nothing gets lost between turns, and names do no harm."""

from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest

from loopline.reporting import letter
from loopline.reporting.flow_chart import flow_png, flow_svg
from loopline.reports.catalogue import REPORTS
from loopline.reports.charts.flows import LATER, WON, flows_of
from loopline.reports.options import Options, Scope
from loopline.reports.report import result_of
from loopline.reports.result import Row
from tests.attribution.shelf import BOOKS

ARROW = " › "


def way(*turns: str, won: int) -> Row:
    return Row(ARROW.join(turns), ARROW.join(turns), values={"path_won": won})


WAYS = [
    way("Email", won=5),
    way("Paid Search", "Email", won=3),
    way("Email", "Direct", "Email", won=2),
    Row("", "No touchpoint in the window", values={"path_won": 9}),
    Row("~others", "All others", is_rest=True, values={"path_won": 4}),
]


def test_each_turn_has_its_stops_and_all_flows_end_in_the_sale() -> None:
    found = flows_of(WAYS, ARROW)
    assert (found.ways, found.won, found.all_won, found.untouched) == (3, 10, 23, 9), "of all, listed or not"
    assert [(one.turn, one.name, one.won) for one in found.stops] == [
        (0, "Email", 7), (0, "Paid Search", 3), (1, "Email", 3), (1, "Direct", 2), (2, "Email", 2), (3, WON, 10),
    ]  # fmt: skip
    assert sum(one.won for one in found.flows if one.target.name == WON) == 10
    for stop in found.stops[:-1]:
        assert sum(one.won for one in found.flows if one.source == stop) == stop.won


def test_a_long_way_is_cut_and_says_so() -> None:
    found = flows_of([way(*"ABCDEFG", won=1)], ARROW)
    assert [one.name for one in found.stops] == ["A", "B", "C", "D", LATER, WON]


def test_names_do_no_harm_and_long_ones_stay_whole_in_the_title() -> None:
    name = "<script>alert(1)</script> a channel with a very long name"
    svg = flow_svg(flows_of([way(name, "Email", won=2)], ARROW))
    root = ElementTree.fromstring(svg)
    assert [one.text for one in root.iter("title")][-3:] == [f"{name}: 2 won", "Email: 2 won", "Won: 2 won"]
    assert "<script" not in svg
    assert "style=" not in svg


def test_nothing_won_draws_nothing() -> None:
    assert flow_svg(flows_of([Row("", "none", values={"path_won": 3})], ARROW)) == ""


def test_a_mail_has_the_flow_that_the_page_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(letter, "flow_png", lambda flows: drawn.append(flows.won) or flow_png(flows))
    scope = Scope(Options(by="path"), BOOKS, date(2024, 3, 1), date(2024, 3, 31), datetime(2024, 4, 1, tzinfo=UTC))
    totals = Row("~total", "Total", values={})
    result = result_of(REPORTS["paths"], scope, "Way", WAYS, totals)
    result.metrics, result.has_total = [REPORTS["paths"].metrics[0]], False
    mail = letter.letter_of("Ways", result, REPORTS["paths"], "https://loopline.example/", lambda _form: b"")
    picture = mail.attachments[0]
    assert picture.content.startswith(b"\x89PNG")
    assert drawn == [10]
