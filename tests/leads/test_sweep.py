"""New leads are judged again, from the event store, when their behaviour makes the difference; nobody has to ask."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from loopline.access.actor import SYSTEM
from loopline.access.roles import Role
from loopline.facts.relay import Relay
from loopline.leads.actions import qualify_lead
from loopline.leads.models import Lead
from loopline.leads.sweep import Swept, sweep
from loopline.lib.times import utc_now
from loopline.store import current
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine, StoreError
from loopline.store.library import TABLES
from tests.make import make_unit, make_user
from tests.make_leads import make_definition, make_lead

pytestmark = pytest.mark.django_db

VIEWED_PRICING = {
    "all": [
        {"field": "person.business_email"},
        {"count": {"kind": "page", "path": "/pricing"}, "at_least": 1, "within_days": 30},
    ]
}


@pytest.fixture
def store(engine: Engine) -> Iterator[Engine]:
    current.use_engine(engine)
    yield engine
    current.use_engine(None)


def view_pricing(engine: Engine, lead: Lead) -> None:
    at = utc_now() - timedelta(seconds=1)
    event = {
        "event_id": f"view-{lead.pk}", "unit_id": str(lead.unit_id), "occurred_at": at, "received_at": at,
        "kind": "page", "url_path": "/pricing", "identity": f"person:{lead.person_id}", "bot_verdict": "human",
        "is_entry": False, "consent": 2, "properties": "{}",
    }  # fmt: skip
    engine.write(Batch(f"view-{lead.pk}", {"events": to_arrow(TABLES["events"], [event])}))


def test_a_lead_is_handed_over_once_its_visit_to_the_prices_is_known(store: Engine) -> None:
    unit = make_unit()
    owner = make_user(Role.SALES, unit=unit, takes_leads=True)
    make_definition(unit, VIEWED_PRICING)
    lead, quiet = make_lead(unit), make_lead(unit)
    assert qualify_lead(lead, by=SYSTEM) is False
    assert lead.evidence[1]["reason"] == "never viewed /pricing in the last 30 days"
    view_pricing(store, lead)
    Relay(store).relay_all()
    assert sweep() == Swept(qualified=1, handed_over=0)
    lead.refresh_from_db()
    quiet.refresh_from_db()
    assert (lead.state, lead.owner, quiet.state) == (Lead.State.HANDED_OVER, owner, Lead.State.NEW)
    assert lead.evidence[1]["reason"] == "viewed /pricing once in the last 30 days"
    assert sweep() == Swept(0, 0)


def test_without_the_event_store_behaviour_is_not_known_rather_than_zero() -> None:
    unit = make_unit()
    make_definition(unit, VIEWED_PRICING)
    lead = make_lead(unit)
    assert qualify_lead(lead, by=SYSTEM) is False
    assert lead.evidence[1]["is_met"] is None
    assert str(lead.evidence[1]["reason"]).startswith("behaviour not known yet: the event store is not open")
    with pytest.raises(StoreError):
        sweep()


def test_those_who_wait_for_a_salesperson_are_handed_over_even_when_the_event_store_is_away() -> None:
    unit = make_unit()
    make_definition(unit)
    lead = make_lead(unit)
    qualify_lead(lead, by=SYSTEM)
    make_user(Role.SALES, unit=unit, takes_leads=True)
    assert sweep().handed_over == 1
