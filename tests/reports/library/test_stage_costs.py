"""Cost per stage and IT cost per unit, on both engines, against figures worked out by hand."""

from datetime import date

import pytest

from loopline.reports.options import Options
from loopline.reports.run import open_figure, run_report
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day, row_of

NORTH = Options(**MARCH, unit_ids=frozenset({"north"}))


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    shelf = Shelf(reading_engine)
    shelf.lead("a", "ines", day(2), qualified_at=day(3), handed_over_at=day(4), accepted_at=day(5))
    shelf.lead("b", "ole", day(6))
    shelf.lead("old", "kim", day(-20), qualified_at=day(8))
    shelf.won("sale", "ines", day(20), 100_00, lead_id="a")
    shelf.cost("media", "", 200_00, date(2024, 3, 1))
    shelf.cost("tools", "", 40_00, date(2024, 3, 5), category="tools")
    shelf.cost("it", "", 31_00, date(2024, 3, 1), date(2024, 3, 31), category="it")
    shelf.cost("planned", "", 500_00, date(2024, 3, 1), cost_kind="planned")
    shelf.cost("south", "", 8_00, date(2024, 3, 1), unit_id="south")
    shelf.touch("e1", "visitor:v1", day(2))
    shelf.touch("e2", "visitor:v1", day(3), bot_verdict="machine:crawler")
    shelf.touch("e3", "visitor:v1", day(50))
    return shelf.store()


def test_every_stage_is_reached_on_its_own_day_and_paid_by_all_of_the_cost(
    reading_engine: Engine, shelf: Shelf
) -> None:
    result = run_report("cost-per-stage", NORTH, reading_engine, BOOKS)
    told = [(row.label, row.values["reached"], row.values["cost_per_stage_minor"]) for row in result.rows]
    assert told == [
        ("Lead", 2, 135_50), ("Marketing qualified", 2, 135_50), ("Handed over", 1, 271_00),
        ("Accepted by sales", 1, 271_00), ("Opportunity", 1, 271_00), ("Won", 1, 271_00),
    ]  # fmt: skip
    assert row_of(result, "3").values["of_stage_before"] == 50.0
    assert not result.has_total
    opened = open_figure("cost-per-stage", "2", "reached", NORTH, reading_engine, BOOKS)
    assert [one.record_id for one in opened.items] == ["a", "old"]


def test_without_cost_it_is_unknown_and_not_free(store: DuckDBEngine) -> None:
    shelf = Shelf(store)
    shelf.lead("a", "ines", day(2))
    shelf.store()
    [lead] = run_report("cost-per-stage", NORTH, store, BOOKS).rows
    assert (lead.values["reached"], lead.values["cost_per_stage_minor"]) == (1, None)


def test_it_cost_of_a_unit_beside_what_it_uses(reading_engine: Engine, shelf: Shelf) -> None:
    result = run_report("it-costs", NORTH, reading_engine, BOOKS)
    assert row_of(result, "north").values == {
        "it_minor": 71_00, "unit_cost_minor": 271_00, "it_share": 26.1993, "events_collected": 2, "unit_leads": 2,
        "it_per_thousand_minor": 35_500_00, "it_per_lead_minor": 35_50,
    }  # fmt: skip
    assert result.check is not None
    assert (result.check.rows, result.check.records) == (2, 2)
    both = run_report("it-costs", Options(**MARCH), reading_engine, BOOKS)
    assert row_of(both, "south").values["it_minor"] is None
    assert row_of(both, "south").values["unit_cost_minor"] == 8_00
    opened = open_figure("it-costs", "north", "it_minor", NORTH, reading_engine, BOOKS)
    assert [(one.kind, one.record_id, one.adds) for one in opened.items] == [
        ("cost", "tools", 40_00),
        ("cost", "it", 31_00),
    ]
