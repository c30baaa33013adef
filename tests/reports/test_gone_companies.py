"""One rule for the company of a buyer: a removed company keeps what it said, a removed person has none any more."""

import pytest

from loopline.reports.options import Options
from loopline.reports.run import run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    """Three buyers with a lead and a sale each: of a company that was removed, removed from a company, and erased."""
    shelf = Shelf(reading_engine)
    for is_deleted in (False, True):
        shelf.fact("company_facts", "closed", unit_id="north", name="Closed", industry="food", is_deleted=is_deleted)
    shelf.fact("company_facts", "open", unit_id="north", name="Open", industry="pharma")
    for person, company in (("ann", "closed"), ("bea", "open"), ("cid", "open")):
        shelf.fact("person_facts", person, unit_id="north", canonical_id=person, company_id=company)
        shelf.link(f"visitor:v-{person}", person)
        shelf.touch(f"e-{person}", f"visitor:v-{person}", day(2))
        shelf.lead(f"lead of {person}", person, day(3))
        shelf.won(f"sale of {person}", person, day(20), 100_00, company_id=company)
    shelf.fact("person_facts", "bea", unit_id="north", canonical_id="bea", company_id="open", is_deleted=True)
    shelf.fact("person_facts", "cid", unit_id="north", canonical_id="cid", erased="yes")
    return shelf.store()


@pytest.mark.parametrize(
    ("report", "metric", "told"),
    [
        ("closed-loop", "leads", {"food": 1, "": 2}),
        ("funnel", "leads_created", {"food": 1, "": 2}),
        ("buyers", "decided_won", {"food": 1, "pharma": 2}),
    ],
)
def test_the_industry_of_a_buyer_goes_by_the_same_rule_in_every_report(
    reading_engine: Engine, shelf: Shelf, report: str, metric: str, told: dict[str, int]
) -> None:
    """A sale names its company by itself, so Buyers still has it."""
    result = run_report(report, Options(**MARCH, by="industry"), reading_engine, BOOKS)
    assert {row.key: row.values[metric] for row in result.rows if row.values[metric]} == told


def test_a_person_who_was_removed_or_erased_has_no_company_in_the_data_quality(
    reading_engine: Engine, shelf: Shelf
) -> None:
    result = run_report("coverage", Options(**MARCH), reading_engine, BOOKS)
    assert (result.figure("company", "known"), result.figure("company", "known_of")) == (1, 3)
