"""What would spoil the figures of a meeting is said before anybody talks about them."""

from datetime import UTC, datetime

import pytest

from loopline.access.models import BusinessUnit
from loopline.huddles.quality import spoilt_figures
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf, day
from tests.make import make_unit

pytestmark = pytest.mark.django_db
AT = datetime(2024, 3, 20, tzinfo=UTC)


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit("Nordics")


@pytest.fixture
def shelf(store: DuckDBEngine, unit: BusinessUnit) -> Shelf:
    """Half of its events are of visitors that were judged to be machines after they came."""
    shelf = Shelf(store)
    for number in range(120):
        visitor = f"v{number % 12}"
        shelf.touch(f"t{number}", f"visitor:{visitor}", day(3 + number / 100), visitor_id=visitor, unit_id=str(unit.pk),
                    source="browser")  # fmt: skip
    for number in range(6):
        shelf.fact("bot_verdict_facts", f"v{number}", verdict="machine:too_fast")
    return shelf


def told(shelf: Shelf, unit: BusinessUnit) -> dict[str, str]:
    found = spoilt_figures(unit, shelf.store().engine, AT)
    return {one.what: one.text for one in found}


def test_events_of_visitors_judged_again_are_machines(shelf: Shelf, unit: BusinessUnit) -> None:
    assert told(shelf, unit) == {"Machines": "50 % of 28 days' events are machines'; they are left out."}


def test_revenue_without_credit_is_not_said_to_be_without_any_touchpoint(shelf: Shelf, unit: BusinessUnit) -> None:
    shelf.person("ana", "v11")
    shelf.touch("long-ago", "visitor:v11", day(-200), visitor_id="v11", unit_id=str(unit.pk))
    shelf.won("o1", "ana", day(2), 500_00, unit_id=str(unit.pk))
    assert told(shelf, unit)["Unattributed revenue"] == (
        "100 % of the last 90 days' revenue is unattributed: no touchpoint in the window may earn it."
    )
