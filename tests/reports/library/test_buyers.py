"""What comes of opportunities, on both engines, against a few worked out by hand."""

import pytest

from loopline.reports.options import Options
from loopline.reports.result import ReportResult
from loopline.reports.run import open_figure, run_report
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day, row_of


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    shelf = Shelf(reading_engine)
    shelf.fact("company_facts", "acme", unit_id="north", name="Acme", industry="Chemicals", employees=9, country="NO")
    shelf.won("a", "", day(10), 100_00, company_id="acme", owner_id="jonas")
    shelf.won("b", "", day(12), 300_00, company_id="acme", owner_id="jonas", created_at=day(6))
    shelf.won("no-rate", "", day(12), None, company_id="acme")
    shelf.won("lost", "", day(13), 70_00, outcome="lost", company_id="acme")
    shelf.won("open", "", day(13), 70_00, outcome="open", closed_at=None)
    shelf.won("refunded", "", day(14), -20_00, owner_id="dana")
    shelf.won("february", "", day(-2), 900_00)
    shelf.won("south", "", day(10), 5_00, unit_id="south")
    return shelf.store()


def buyers(engine: Engine, **options: object) -> ReportResult:
    asked = Options(**{**MARCH, "by": "industry", "unit_ids": frozenset({"north"}), **options})  # type: ignore[arg-type]
    return run_report("buyers", asked, engine, BOOKS)


def test_won_lost_and_revenue_of_each_row(reading_engine: Engine, shelf: Shelf) -> None:
    """Of three won one has no amount; those took 48, 144 and 48 hours."""
    result = buyers(reading_engine)
    assert row_of(result, "Chemicals").values == {
        "decided": 4, "decided_won": 3, "decided_lost": 1, "closed_minor": 400_00, "won_without_amount": 1,
        "win_rate": 75.0, "mean_won_minor": 133_33, "hours_to_won": 48.0,
    }  # fmt: skip
    assert row_of(result, "").values["closed_minor"] == -20_00
    assert any("1 won opportunity has no" in warning for warning in result.minds)


def test_rows_add_up_to_the_revenue_summed_without_them(reading_engine: Engine, shelf: Shelf) -> None:
    check = buyers(reading_engine).check
    assert check is not None
    assert (check.rows, check.records, check.holds) == (380_00, 380_00, True)


def test_rows_are_named_by_who_sells_and_who_buys(reading_engine: Engine, shelf: Shelf) -> None:
    assert row_of(buyers(reading_engine, by="company"), "acme").label == "Acme"
    assert row_of(buyers(reading_engine, by="size"), "1 to 9").values["decided"] == 4
    people = buyers(reading_engine, by="person")
    assert row_of(people, "jonas").values["closed_minor"] == 400_00
    assert row_of(people, "dana").values["win_rate"] == 100.0


def test_a_sum_opens_into_its_opportunities_the_largest_first(reading_engine: Engine, shelf: Shelf) -> None:
    asked = Options(**MARCH, by="industry", unit_ids=frozenset({"north"}))
    opened = open_figure("buyers", "Chemicals", "closed_minor", asked, reading_engine, BOOKS)
    assert [(one.record_id, one.adds) for one in opened.items] == [("b", 300_00), ("a", 100_00), ("no-rate", 0)]
    assert opened.total == 400_00


def test_without_anything_rates_are_unknown_and_not_zero(store: DuckDBEngine) -> None:
    empty = run_report("buyers", Options(**MARCH, by="industry"), store, BOOKS)
    assert empty.rows == []
    assert {key: empty.totals.values[key] for key in ("win_rate", "mean_won_minor", "hours_to_won")} == {
        "win_rate": None, "mean_won_minor": None, "hours_to_won": None,
    }  # fmt: skip
