"""Many at once in the hand-off: turns stay fair, signatures are one a side, an answer and the pool never both win."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.audit import first_broken_entry
from loopline.access.models import AuditEntry
from loopline.access.roles import Role
from loopline.huddles.actions import open_huddle
from loopline.huddles.changing import HuddleStateError
from loopline.huddles.decisions import NewDecision
from loopline.huddles.definition_desk import decide_change
from loopline.huddles.models import Decision, Huddle
from loopline.leads.actions import accept_lead, qualify_lead
from loopline.leads.definition_actions import (
    DefinitionStateError,
    draft_definition,
    propose_definition,
    put_in_force,
    sign_definition,
)
from loopline.leads.hand_off_models import HandOffTerms
from loopline.leads.models import DefinitionVersion, Lead
from loopline.leads.states import LeadStateError
from loopline.leads.watch import watch
from tests.make import make_unit, make_user
from tests.make_leads import BUSINESS_EMAIL, make_definition, make_handed_over_lead, make_lead

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY_10 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
REFUSED = (LeadStateError, DefinitionStateError, HuddleStateError, NotAllowedError)


def at_once(acts: Sequence[Callable[[], object]]) -> list[str]:
    """What each answered when all began at the same moment: empty where it was allowed."""
    together = Barrier(len(acts))

    def act(one: Callable[[], object]) -> str:
        try:
            together.wait(timeout=60)
            one()
        except REFUSED as error:
            return str(error)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def test_leads_that_qualify_at_the_same_moment_go_to_everybody_in_turn() -> None:
    unit = make_unit()
    make_definition(unit)
    for _ in range(4):
        make_user(Role.SALES, unit=unit, takes_leads=True)
    leads = [make_lead(unit) for _ in range(12)]
    said = at_once([lambda lead=lead: qualify_lead(lead, by=SYSTEM) for lead in leads])  # type: ignore[misc]
    assert said == [""] * 12
    assert sorted(Counter(Lead.objects.values_list("owner", flat=True)).values()) == [3, 3, 3, 3]
    assert first_broken_entry() is None


def test_signatures_at_the_same_moment_are_one_a_side_and_of_two_people() -> None:
    version = draft_definition(make_unit(), BUSINESS_EMAIL, by=SYSTEM)
    propose_definition(version, by=SYSTEM)
    ada = make_user(Role.ADMINISTRATOR, name="Ada").actor
    both = [lambda side=side: sign_definition(found(version), side, by=ada) for side in ("marketing", "sales")]
    assert at_once(both).count("") == 1, "nobody signs for both"
    others = [make_user(Role.ADMINISTRATOR, name=f"A {number}").actor for number in range(6)]
    side = "sales" if found(version).marketing_signature else "marketing"
    said = at_once([lambda one=one: sign_definition(found(version), side, by=one) for one in others])
    assert said.count("") == 1
    assert found(version).status == "agreed"
    assert at_once([lambda: put_in_force(found(version), by=SYSTEM)] * 5).count("") == 1
    assert AuditEntry.objects.filter(verb="put_definition_in_force").count() == 1


def found(version: DefinitionVersion) -> DefinitionVersion:
    return DefinitionVersion.objects.get(pk=version.pk)


def test_a_late_lead_is_accepted_or_back_in_the_queue_whoever_comes_first() -> None:
    lead, _ = make_handed_over_lead(at=MONDAY_10)
    HandOffTerms.objects.create(unit=lead.unit, late_leads_go_back=True)
    late = MONDAY_10 + timedelta(hours=5)
    managers = [make_user(Role.SALES_MANAGER, unit=lead.unit).actor for _ in range(4)]
    acts: list[Callable[[], object]] = [lambda: watch(late)] * 4
    acts += [lambda one=one: accept_lead(Lead.objects.get(), by=one, at=late) for one in managers]  # type: ignore[misc]
    said = at_once(acts)[4:]
    assert said.count("") == 1
    lead.refresh_from_db()
    assert (lead.state, lead.is_pooled) == ("accepted", False)
    assert str(lead.owner_id) in {one.id for one in managers}
    assert lead.transitions.filter(to_state="accepted").count() == 1
    assert AuditEntry.objects.filter(verb="breach_clock").count() <= 1
    assert lead.clocks.running().count() == 1
    assert first_broken_entry() is None


def test_a_change_proposed_by_many_at_once_is_one_version() -> None:
    unit = make_unit()
    make_definition(unit, {"all": [{"field": "person.business_email"}, {"field": "company.employees", "at_least": 50}]})
    runners = [make_user(Role.SALES_MANAGER, unit=unit) for _ in range(5)]
    open_huddle(unit, by=runners[0].actor)
    said = at_once(
        [
            lambda one=one: decide_change(Huddle.objects.get(), "1:t0:20", NewDecision("20", one), by=one.actor)
            for one in runners
        ]
    )
    assert said.count("") == 1
    assert Decision.objects.count() == DefinitionVersion.objects.filter(status="proposed").count() == 1
