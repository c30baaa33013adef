"""What is unknown of the cost is told in every dimension, by the total and by the rows it falls to; on both engines."""

import json
from datetime import date

import pytest

from loopline.reports.dimension import DIMENSIONS
from loopline.reports.files.export import exported
from loopline.reports.files.write import table_lines, written_cells
from loopline.reports.result import ReportResult
from loopline.store.engine import Engine
from tests.attribution.shelf import Shelf, closed_loop, day
from tests.reports.sheets import sheet

ONE_LINE = "cost incomplete: 1 cost line without an exchange rate"
ONE_CAMPAIGN = "cost incomplete: 1 campaign without a cost line in this period"
BOTH = f"{ONE_LINE}, 1 campaign without a cost line in this period"


def a_mail_an_ad_and_one_abroad(engine: Engine, *, has_rate: bool = False, is_booked: bool = False) -> Shelf:
    """Mara's spring of the North is booked. South's abroad is in francs, and nothing is booked for North's news, which
    nobody is responsible for; with `has_rate` and `is_booked` both are known."""
    shelf = Shelf(engine)
    shelf.campaign("spring", "spring", owner="u-mara")
    shelf.campaign("abroad", "abroad", unit="south", owner="u-kim")
    shelf.campaign("news", "news")
    shelf.person("ines", "v1")
    for place, (code, unit) in enumerate((("spring", "north"), ("abroad", "south"), ("news", "north"))):
        shelf.touch(f"e{place}", "visitor:v1", day(2 + place), unit_id=unit, utm_campaign=code, channel="Email")
    shelf.touch("e9", "visitor:v1", day(5), channel="Organic Search")
    shelf.won("o1", "ines", day(20), 90_00)
    shelf.cost("c1", "spring", 40_00, date(2024, 3, 1))
    shelf.cost("c2", "abroad", 7_00 if has_rate else None, date(2024, 3, 2), unit_id="south", currency="CHF")
    if is_booked:
        shelf.cost("c3", "news", 0, date(2024, 3, 3))
    return shelf.store()


def notes(result: ReportResult) -> dict[str, str]:
    return {row.key: row.cost_note for row in result.rows if row.cost_note}


def test_the_total_says_the_same_whatever_it_is_split_by(engine: Engine):
    a_mail_an_ad_and_one_abroad(engine)
    assert {by: closed_loop(engine, by=by).totals.cost_note for by in DIMENSIONS} == dict.fromkeys(DIMENSIONS, BOTH)


@pytest.mark.parametrize(
    ("has_rate", "is_booked", "said"), [(True, False, ONE_CAMPAIGN), (False, True, ONE_LINE), (True, True, "")]
)
def test_each_reason_stands_alone_and_without_one_nothing_is_said(
    engine: Engine, has_rate: bool, is_booked: bool, said: str
):
    a_mail_an_ad_and_one_abroad(engine, has_rate=has_rate, is_booked=is_booked)
    for by in ("campaign", "channel", "business_unit", "content"):
        result = closed_loop(engine, by=by)
        assert result.totals.cost_note == said, by
        assert bool(notes(result)) is bool(said), by


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("campaign", {"abroad": ONE_LINE, "news": "cost incomplete: no cost line in this period"}),
        ("activity", {"abroad": ONE_LINE, "news": "cost incomplete: no cost line in this period"}),
        ("channel", {"Email": BOTH}),
        ("business_unit", {"south": ONE_LINE, "north": ONE_CAMPAIGN}),
        ("responsible", {"u-kim": ONE_LINE}),  # what nobody is responsible for has no row with a cost
        ("source", {"~unattributed": BOTH}),
        ("content", {"~unattributed": BOTH}),
        ("landing_page", {"~unattributed": BOTH}),
    ],
)
def test_the_rows_that_it_falls_to_say_so_and_no_others(engine: Engine, by: str, said: dict[str, str]):
    a_mail_an_ad_and_one_abroad(engine)
    assert notes(closed_loop(engine, by=by)) == said


def test_a_total_without_any_cost_line_says_so_too(engine: Engine):
    shelf = Shelf(engine)
    shelf.campaign("news", "news")
    shelf.touch("e1", "visitor:v1", day(2), utm_campaign="news", channel="Email")
    shelf.store()
    for by in DIMENSIONS:
        assert closed_loop(engine, by=by).totals.cost_note == ONE_CAMPAIGN, by
    assert notes(closed_loop(engine, by="content")) == {}


@pytest.mark.parametrize("clock", ["period", "cohort"])
def test_a_campaign_that_nobody_came_by_in_the_period_needs_no_cost_in_it(engine: Engine, clock: str):
    """Ines came in February; what was spent for it was spent in February."""
    shelf = Shelf(engine)
    shelf.campaign("winter", "winter")
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(-3), utm_campaign="winter", channel="Email")
    shelf.touch("e2", "visitor:v2", day(4), utm_campaign="winter", channel="Email", bot_verdict="machine:crawler")
    shelf.won("o1", "ines", day(20), 90_00)
    shelf.store()
    for by in ("campaign", "activity", "channel", "content"):
        result = closed_loop(engine, by=by, clock=clock)
        assert (result.totals.cost_note, notes(result)) == ("", {}), by


def test_who_sees_one_unit_is_told_of_that_one(engine: Engine):
    a_mail_an_ad_and_one_abroad(engine)
    for by in ("campaign", "channel", "content"):
        assert closed_loop(engine, by=by, unit_ids=frozenset({"north"})).totals.cost_note == ONE_CAMPAIGN, by


def test_an_activity_of_a_booked_campaign_is_marked_and_the_total_is_not(engine: Engine):
    """What it cost is in the line of its campaign: it cannot be told by activity, but nothing is missing in all."""
    shelf = Shelf(engine)
    shelf.campaign("spring")
    shelf.activity("mailing", "spring", "Mailing")
    shelf.code("mail", "spring", "mailing")
    shelf.touch("e1", "visitor:v1", day(2), utm_campaign="mail", channel="Email")
    shelf.cost("c1", "spring", 40_00, date(2024, 3, 1))
    shelf.store()
    result = closed_loop(engine, by="activity")
    assert notes(result) == {"mailing": "cost incomplete: no cost line in this period"}
    assert result.totals.cost_note == ""
    assert any(words.startswith("1 activity has no cost line in this period") for words in result.warnings)
    assert not any("no cost line in this period" in words for words in closed_loop(engine).warnings)


def test_files_and_the_command_line_say_it_beside_the_row_and_the_total(engine: Engine):
    a_mail_an_ad_and_one_abroad(engine)
    told = closed_loop(engine, by="channel").to_json()
    cost_is = {row[0]: row[-1] for row in written_cells(told)}
    assert (cost_is["Email"], cost_is["Organic Search"], cost_is["Total"]) == (BOTH, "unknown", BOTH)
    assert json.loads(exported(told, "json"))["totals"]["cost_incomplete"] == BOTH
    assert {row[0]: row[1] for row in sheet(exported(told, "xlsx"), 1)}["Total"] == BOTH
    lines = table_lines(told)
    assert f"* Email: {BOTH}" in lines
    assert f"* Total: {BOTH}" in lines
    assert any(line.startswith("Total *") for line in lines)
    assert "! 1 campaign has no cost line in this period: the cost is unknown, not 0." in lines
