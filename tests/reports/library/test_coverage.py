"""Consent and data quality, on both engines, against a few records worked out by hand."""

from datetime import date

import pytest

from loopline.reports.options import Books, OptionError, Options
from loopline.reports.run import open_figure, run_report
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    shelf = Shelf(reading_engine)
    shelf.campaign("spring", "spring")
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), utm_campaign="spring")
    shelf.touch("e2", "visitor:v2", day(2), utm_campaign="typo", consent=1)
    shelf.touch("e3", "visitor:v3", day(2), bot_verdict="machine:crawler")
    shelf.touch("south", "visitor:v4", day(2), unit_id="south", consent=0)
    shelf.lead("a", "ines", day(3))
    shelf.lead("b", "ole", day(4))
    shelf.fact("consent_facts", "ines/contact", person_id="ines", purpose="contact", is_granted=True)
    shelf.fact("consent_facts", "ole/contact", person_id="ole", purpose="contact", is_granted=False)
    shelf.fact("person_facts", "ole", unit_id="north", canonical_id="ole", company_id="acme")
    shelf.won("known", "ines", day(20), 300_30)
    shelf.won("unknown", "", day(20), 100_10)
    shelf.won("no-rate", "", day(20), None)
    shelf.cost("c1", "spring", 10_00, date(2024, 3, 1))
    shelf.cost("c2", "spring", None, date(2024, 3, 1))
    return shelf.store()


def test_each_row_says_how_much_is_known_of_how_many(reading_engine: Engine, shelf: Shelf) -> None:
    result = run_report("coverage", Options(**MARCH, unit_ids=frozenset({"north"})), reading_engine, BOOKS)
    told = {row.key: (row.values["known"], row.values["known_of"], row.values["known_rate"]) for row in result.rows}
    assert told == {
        "origin": (300.3, 400.4, 75.0), "consent": (1, 2, 50.0), "human": (2, 3, 66.6667), "agreed": (1, 2, 50.0),
        "company": (1, 2, 50.0), "amount": (2, 3, 66.6667), "rate": (1, 2, 50.0), "codes": (1, 2, 50.0),
    }  # fmt: skip
    assert any(warning.startswith("Won revenue with a known origin: only 75 %") for warning in result.warnings)
    assert not result.has_total


def test_every_figure_of_records_opens_into_those_that_it_counts(reading_engine: Engine, shelf: Shelf) -> None:
    asked = Options(**MARCH, unit_ids=frozenset({"north"}))
    result = run_report("coverage", asked, reading_engine, BOOKS)
    listed = {}
    for row in result.rows:
        for metric in ("known", "known_of"):
            opened = open_figure("coverage", row.key, metric, asked, reading_engine, BOOKS)
            assert opened.total == sum(one.adds or 0 for one in opened.items) == row.values[metric], (row.key, metric)
            listed[row.key, metric] = sorted((one.kind, one.record_id) for one in opened.items)
    leads = [("lead", "a"), ("lead", "b")]
    sales = [("opportunity", "known"), ("opportunity", "unknown")]
    visits, machine = [("event", "e1"), ("event", "e2")], ("event", "e3")
    assert listed == {
        ("origin", "known"): sales[:1], ("origin", "known_of"): sales,
        ("agreed", "known"): leads[:1], ("agreed", "known_of"): leads,
        ("company", "known"): leads[1:], ("company", "known_of"): leads,
        ("amount", "known"): sales, ("amount", "known_of"): [sales[0], ("opportunity", "no-rate"), sales[1]],
        ("rate", "known"): [("cost", "c1")], ("rate", "known_of"): [("cost", "c1"), ("cost", "c2")],
        ("consent", "known"): visits[:1], ("consent", "known_of"): visits,
        ("human", "known"): visits, ("human", "known_of"): [*visits, machine],
        ("codes", "known"): visits[:1], ("codes", "known_of"): visits,
    }  # fmt: skip


def test_a_lead_of_somebody_merged_goes_by_what_is_known_of_the_person_that_remains(engine: Engine) -> None:
    """The lead, its person and what that person agreed to stay where they were; whoever reads follows the pointer."""
    shelf = Shelf(engine)
    shelf.fact("person_facts", "ann", unit_id="north", canonical_id="ann", company_id="acme")
    shelf.fact("person_facts", "old ann", unit_id="north", canonical_id="ann", company_id="")
    shelf.fact("person_facts", "bea", unit_id="north", canonical_id="bea", company_id="")
    shelf.fact("person_facts", "old bea", unit_id="north", canonical_id="bea", company_id="acme")
    shelf.fact("consent_facts", "ann/contact", person_id="ann", purpose="contact", is_granted=True)
    shelf.fact("consent_facts", "old bea/contact", person_id="old bea", purpose="contact", is_granted=True)
    shelf.lead("a", "old ann", day(3))
    shelf.lead("b", "bea", day(4))
    shelf.store()
    result = run_report("coverage", Options(**MARCH), engine, BOOKS)
    known = {row.key: row.values["known"] for row in result.rows}
    assert (known["agreed"], known["company"]) == (2, 1)
    opened = open_figure("coverage", "company", "known", Options(**MARCH), engine, BOOKS)
    assert [one.record_id for one in opened.items] == ["a"]


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_over_time_a_cost_line_stands_in_the_week_of_its_first_day_in_any_zone(engine: Engine, zone: str) -> None:
    """4 March 2024 is a Monday."""
    shelf = Shelf(engine)
    shelf.cost("monday", "", None, date(2024, 3, 4))
    shelf.cost("before", "", 100, date(2024, 2, 20), date(2024, 3, 20))
    shelf.store()
    books = Books(currency="EUR", zone=zone, units=BOOKS.units)
    over_time = run_report("coverage", Options(**MARCH), engine, books).over_time
    assert over_time is not None
    assert over_time.by_row["rate"] == (100.0, 0.0, None, None, None)


def test_a_row_that_there_is_not_says_which_rows_open(reading_engine: Engine, shelf: Shelf) -> None:
    with pytest.raises(OptionError, match="Open one of: origin, consent, human, codes, agreed"):
        open_figure("coverage", "weather", "known", Options(**MARCH), reading_engine, BOOKS)


def test_without_anything_coverage_is_unknown_and_not_complete(store: DuckDBEngine) -> None:
    result = run_report("coverage", Options(**MARCH), store, BOOKS)
    assert {row.values["known_rate"] for row in result.rows} == {None}
    assert result.warnings == []
