"""New leads of people about whom something was stored are judged at once, and nobody else is looked at."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from loopline.access.actor import SYSTEM
from loopline.access.roles import Role
from loopline.facts.relay import Relay
from loopline.leads import rejudge
from loopline.leads.actions import create_lead, qualify_lead
from loopline.leads.models import Lead
from loopline.leads.rejudge import ChangeWatch
from loopline.people.actions import link_identity, merge_people, record_consent, set_custom
from loopline.people.changed import changed_people
from loopline.store import current
from loopline.store.engine import Engine, StoreError
from tests.leads.test_sweep import VIEWED_PRICING, view_pricing
from tests.make import make_person, make_unit, make_user
from tests.make_leads import make_definition, make_lead

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(engine: Engine) -> Iterator[Engine]:
    current.use_engine(engine)
    yield engine
    current.use_engine(None)


def test_only_those_whose_event_was_just_stored_are_judged(store: Engine) -> None:
    unit = make_unit()
    make_user(Role.SALES, unit=unit, takes_leads=True)
    make_definition(unit, VIEWED_PRICING)
    lead, quiet = make_lead(unit), make_lead(unit)
    assert [qualify_lead(one, by=SYSTEM) for one in (lead, quiet)] == [False, False]
    Relay(store).relay_all()
    watch = ChangeWatch()
    assert watch.look() == 0, "the first look judges everybody once"
    since = store.horizon()
    view_pricing(store, lead)
    assert changed_people(store, since, store.horizon()) == {str(lead.person_id)}
    assert watch.look() == 1
    lead.refresh_from_db()
    quiet.refresh_from_db()
    assert (lead.state, quiet.state) == (Lead.State.HANDED_OVER, Lead.State.NEW)
    Relay(store).relay_all()
    assert watch.look() == 0


def test_records_links_consent_and_merges_are_changes_too(store: Engine) -> None:
    unit = make_unit()
    one, other, third, merged = (make_person(unit=unit) for _ in range(4))
    Relay(store).relay_all()

    def changed(act: object) -> set[str]:
        since = store.horizon()
        assert callable(act)
        act()
        Relay(store).relay_all()
        return changed_people(store, since, store.horizon())

    assert changed(lambda: set_custom(one, {"plan": "pro"}, by=SYSTEM)) == {str(one.pk)}
    assert changed(lambda: link_identity("visitor:b77", other, "form", SYSTEM, None)) == {str(other.pk)}
    consent = {"is_granted": True, "text": "", "evidence": "form", "by": SYSTEM}
    assert changed(lambda: record_consent(third, "email", **consent)) == {str(third.pk)}  # type: ignore[arg-type]
    assert str(third.pk) in changed(lambda: merge_people(third, merged, by=SYSTEM))
    assert changed(lambda: None) == set()


def test_a_lead_of_a_merged_person_is_found_by_the_person_that_remains(store: Engine) -> None:
    unit = make_unit()
    make_definition(unit, VIEWED_PRICING)
    lead = make_lead(unit)
    merge_people(make_person(unit=unit), lead.person, by=SYSTEM)
    Relay(store).relay_all()
    watch = ChangeWatch()
    watch.look()
    view_pricing(store, lead)
    assert watch.look() == 1


def test_what_could_not_be_judged_is_looked_at_again(store: Engine) -> None:
    unit = make_unit()
    make_definition(unit, VIEWED_PRICING)
    lead = make_lead(unit)
    Relay(store).relay_all()
    watch = ChangeWatch(since=store.horizon() - timedelta(seconds=1))
    view_pricing(store, lead)
    current.use_engine(None)
    with pytest.raises(StoreError):
        watch.look()
    current.use_engine(store)
    assert watch.look() == 1


def test_with_no_new_lead_nothing_is_scanned_and_what_was_stored_meanwhile_is_not_lost(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = make_unit()
    make_definition(unit, VIEWED_PRICING)
    person = make_person(unit=unit)
    Relay(store).relay_all()
    watch = ChangeWatch()
    watch.look()
    asked: list[str] = []
    as_it_is = rejudge.changed_people

    def changed(*args: Any) -> set[str]:
        asked.append("scanned")
        return as_it_is(*args)

    monkeypatch.setattr(rejudge, "changed_people", changed)
    view_pricing(store, Lead(unit=unit, person=person))
    assert (watch.look(), asked) == (0, [])
    # Judged without the view, by a transaction that began before it was stored.
    lead = create_lead(person, unit, origin="form", by=SYSTEM)
    Relay(store).relay_all()
    assert (watch.look(), asked) == (1, ["scanned"])
    lead.refresh_from_db()
    assert lead.state != Lead.State.NEW
