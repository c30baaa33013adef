"""Plan against actual, on both engines, against a few cost lines worked out by hand."""

from datetime import UTC, date, datetime

import pytest

from loopline.reports.options import Books, Options
from loopline.reports.result import ReportResult
from loopline.reports.run import open_figure, run_report
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, row_of


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    shelf = Shelf(reading_engine)
    shelf.campaign("spring", "spring")
    shelf.campaign("fair", "fair")
    shelf.cost("p1", "spring", 100_00, date(2024, 3, 1), cost_kind="planned")
    shelf.cost("a1", "spring", 60_00, date(2024, 3, 2))
    shelf.cost("a2", "spring", 62_00, date(2024, 3, 1), date(2024, 4, 30), category="tools")
    shelf.cost("p2", "fair", 80_00, date(2024, 3, 1), cost_kind="planned", category="events")
    shelf.cost("c2", "fair", 50_00, date(2024, 3, 9), cost_kind="committed", category="events")
    shelf.cost("free", "", 0, date(2024, 3, 9))
    shelf.cost("south", "fair", 9_00, date(2024, 3, 9), unit_id="south")
    shelf.cost("removed", "fair", 9_00, date(2024, 3, 9), is_deleted=True)
    return shelf.store()


def plan(engine: Engine, **options: object) -> ReportResult:
    asked = Options(**{**MARCH, "by": "campaign", "unit_ids": frozenset({"north"}), **options})  # type: ignore[arg-type]
    return run_report("plan-and-actual", asked, engine, BOOKS)


def test_a_line_counts_by_its_days_in_the_period(reading_engine: Engine, shelf: Shelf) -> None:
    """62.00 over 61 days: 31 of them in March are 31.00 and 31 cents of the rest, which begin on the first days."""
    spring = row_of(plan(reading_engine), "spring").values
    assert spring == {
        "planned_minor": 100_00, "committed_minor": None, "actual_minor": 91_62, "left_minor": 8_38, "used_rate": 91.62,
    }  # fmt: skip


def test_what_is_not_known_is_not_zero_and_zero_is_zero(reading_engine: Engine, shelf: Shelf) -> None:
    result = plan(reading_engine)
    fair = row_of(result, "fair")
    assert (fair.values["actual_minor"], fair.values["left_minor"], fair.values["used_rate"]) == (None, None, None)
    assert fair.cost_note.startswith("cost incomplete")
    assert row_of(result, "").values["actual_minor"] == 0
    assert result.check is not None
    assert (result.check.rows, result.check.records) == (91_62, 91_62)


def test_rows_are_channels_kinds_of_cost_or_units(reading_engine: Engine, shelf: Shelf) -> None:
    assert row_of(plan(reading_engine, by="channel"), "Email").values["planned_minor"] == 180_00
    assert row_of(plan(reading_engine, by="category"), "tools").values["actual_minor"] == 31_62
    assert row_of(plan(reading_engine, by="unit"), "north").values["actual_minor"] == 91_62


def test_what_is_not_known_is_not_zero_in_the_rest_of_many_rows_and_opened(store: DuckDBEngine) -> None:
    shelf = Shelf(store)
    for number in range(202):
        shelf.cost(f"a{number}", f"c{number:03}", 1_00 if number < 200 else None, date(2024, 3, 9))
    shelf.store()
    rest = row_of(plan(store), "~others")
    assert rest.label == "2 others"
    assert set(rest.values.values()) == {None}
    for row, metric in (("~others", "actual_minor"), ("c201", "actual_minor"), ("c001", "planned_minor")):
        opened = open_figure("plan-and-actual", row, metric, Options(**MARCH), store, BOOKS)  # type: ignore[arg-type]
        assert opened.total is None, (row, metric)


def test_a_sum_opens_into_its_lines(reading_engine: Engine, shelf: Shelf) -> None:
    asked = Options(**MARCH, by="campaign", unit_ids=frozenset({"north"}))
    opened = open_figure("plan-and-actual", "spring", "actual_minor", asked, reading_engine, BOOKS)
    assert [(one.kind, one.record_id, one.adds) for one in opened.items] == [
        ("cost", "a1", 60_00),
        ("cost", "a2", 31_62),
    ]
    assert opened.total == 91_62


@pytest.mark.parametrize(
    ("zone", "as_of", "last", "is_over"),
    [
        ("America/New_York", datetime(2024, 6, 1, tzinfo=UTC), date(2024, 6, 1), False),
        ("America/New_York", datetime(2024, 6, 1, tzinfo=UTC), date(2024, 5, 31), True),
        ("Pacific/Auckland", datetime(2024, 5, 30, 20, tzinfo=UTC), date(2024, 5, 31), True),
        ("Pacific/Auckland", datetime(2024, 5, 30, 20, tzinfo=UTC), date(2024, 6, 1), False),
    ],
)
def test_the_period_is_over_by_the_day_of_the_organisation(
    reading_engine: Engine, shelf: Shelf, zone: str, as_of: datetime, last: date, is_over: bool
) -> None:
    """In New York it is still the evening of 31 May, in Auckland already the morning of it."""
    books = Books(currency="EUR", zone=zone, units=BOOKS.units)
    result = run_report(
        "plan-and-actual", Options(first=date(2024, 5, 1), last=last, as_of=as_of), reading_engine, books
    )
    assert (not any("The period is not over" in one for one in result.warnings)) is is_over
