"""The funnel on both engines, against a few leads worked out by hand."""

from datetime import date

import pytest

from loopline.reports.options import Options
from loopline.reports.result import ReportResult
from loopline.reports.run import open_figure, run_report
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine
from loopline.web.report_words import changes
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day

FEBRUARY = {"first": date(2024, 2, 1), "last": date(2024, 2, 29)}


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    """March: a won lead, one accepted, one that sales passed straight to an opportunity, one new. February: one."""
    shelf = Shelf(reading_engine)
    shelf.lead("won", "ines", day(2), qualified_at=day(3), handed_over_at=day(4), accepted_at=day(5), owner_id="jonas")
    shelf.won("o-won", "ines", day(20), 100_00, lead_id="won")
    shelf.lead("accepted", "ole", day(6), qualified_at=day(6), handed_over_at=day(6), accepted_at=day(9))
    shelf.lead("straight", "ada", day(7), owner_id="jonas")
    shelf.won("o-lost", "ada", day(21), 70_00, lead_id="straight", outcome="lost")
    shelf.lead("new", "kim", day(8))
    shelf.lead("removed", "kim", day(8), is_deleted=True)
    shelf.lead("south", "kim", day(8), unit_id="south")
    shelf.lead("before", "kim", day(-3), qualified_at=day(-2))
    shelf.fact("person_facts", "ines", unit_id="north", canonical_id="ines", company_id="acme")
    shelf.fact("company_facts", "acme", unit_id="north", name="Acme", industry="Chemicals", employees=60, country="NO")
    return shelf.store()


def funnel(engine: Engine, **options: object) -> ReportResult:
    asked = Options(**{**MARCH, "by": "month", "unit_ids": frozenset({"north"}), **options})  # type: ignore[arg-type]
    return run_report("funnel", asked, engine, BOOKS)


def test_each_stage_counts_what_reached_it_and_what_passed_it_over(reading_engine: Engine, shelf: Shelf) -> None:
    [march] = funnel(reading_engine).rows
    assert (march.key, march.label) == ("2024-03-01", "Mar 2024")
    assert march.values == {
        "leads_created": 4, "reached_qualified": 3, "reached_handed_over": 3, "reached_accepted": 3,
        "reached_opportunity": 2, "reached_won": 1, "won_later_minor": 100_00, "qualified_rate": 75.0,
        "accepted_rate": 100.0, "won_rate": 25.0,
    }  # fmt: skip


def test_what_becomes_of_leads_is_compared_only_once_they_can_be_judged(reading_engine: Engine, shelf: Shelf) -> None:
    """How many leads there were is compared at once."""
    march, february = funnel(reading_engine), funnel(reading_engine, **FEBRUARY)
    assert not march.totals.young_note

    def compared() -> set[str]:
        return {one.metric.key for one in changes(march.metrics, march, february) if one.change}

    assert {"leads_created", "reached_qualified", "qualified_rate"} <= compared()
    march.totals.young_note = "too early to judge"
    assert compared() == {"leads_created"}


def test_rows_add_up_to_the_records_counted_without_them(reading_engine: Engine, shelf: Shelf) -> None:
    result = funnel(reading_engine, first=None, last=None)
    assert result.check is not None
    assert (result.check.records, result.check.rows, result.check.holds) == (5, 5, True)
    assert [row.values["leads_created"] for row in result.rows] == [1, 4]
    assert result.totals.values["leads_created"] == 5


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("person", {"jonas": 2, "": 2}),
        ("industry", {"Chemicals": 1, "": 3}),
        ("size", {"50 to 249": 1, "": 3}),
    ],
)
def test_rows_are_months_people_or_segments(
    by: str, expected: dict[str, int], reading_engine: Engine, shelf: Shelf
) -> None:
    result = funnel(reading_engine, by=by)
    assert {row.key: row.values["leads_created"] for row in result.rows} == expected
    assert result.rows[-1].is_rest == ("" in expected)


def test_a_figure_opens_into_what_it_counts(reading_engine: Engine, shelf: Shelf) -> None:
    asked = Options(**MARCH, by="person", unit_ids=frozenset({"north"}))
    opened = open_figure("funnel", "jonas", "reached_opportunity", asked, reading_engine, BOOKS)
    assert [(item.kind, item.record_id, item.adds) for item in opened.items] == [
        ("lead", "straight", 1),
        ("lead", "won", 1),
    ]
    assert (opened.count, opened.total) == (2, 2)
    money = open_figure("funnel", "~total", "won_later_minor", asked, reading_engine, BOOKS)
    assert [(item.record_id, item.adds) for item in money.items] == [("won", 100_00)]


def test_a_young_cohort_is_marked_and_one_that_had_long_enough_is_not(store: DuckDBEngine) -> None:
    """The one that was won took 18 days: two days after March its leads had too little time, in May they had enough."""
    shelf = Shelf(store)
    shelf.lead("won", "ines", day(2), learnt=day(2))
    shelf.lead("late", "ole", day(30), learnt=day(30))
    shelf.won("o-won", "ines", day(20), 100_00, lead_id="won", learnt=day(20))
    shelf.store()
    early, later = (funnel(store, as_of=day(number)).rows[0].young_note for number in (33, 61))
    assert early == "too early to judge: nine tenths of what is won takes 19 days"
    assert later == ""


def test_without_anything_nothing_is_said(store: DuckDBEngine) -> None:
    empty = run_report("funnel", Options(**MARCH, by="month"), store, BOOKS)
    assert (empty.rows, empty.totals.values["won_rate"]) == ([], None)
    assert empty.totals.values["leads_created"] == 0
    assert empty.check is not None
    assert empty.check.holds
