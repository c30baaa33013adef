"""Fifty people press Accept at once: the lead gets one owner, the others are told who has it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from loopline.access.actor import SYSTEM
from loopline.access.audit import first_broken_entry
from loopline.access.models import User
from loopline.access.roles import Role
from loopline.leads.actions import accept_lead
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError
from loopline.routing.actions import NewRule, save_rule
from tests.make import make_unit, make_user
from tests.make_leads import make_handed_over_lead

PEOPLE = 50


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("target", ["turns", "queue"])
def test_fifty_parallel_accepts_give_one_owner(target: str) -> None:
    unit = make_unit()
    make_user(Role.SALES, unit=unit, takes_leads=True)
    save_rule(unit, NewRule("All", None, target), by=SYSTEM)
    lead, _ = make_handed_over_lead(unit)
    assert lead.is_pooled == (target == "queue")
    managers = [make_user(Role.SALES_MANAGER, unit=unit, name=f"Manager {number}") for number in range(PEOPLE)]
    together = Barrier(PEOPLE)

    def accept(manager: User) -> str | None:
        actor, mine = manager.actor, Lead.objects.get(pk=lead.pk)
        together.wait(timeout=60)
        try:
            accept_lead(mine, by=actor)
        except LeadStateError as error:
            return str(error)
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(PEOPLE) as pool:
        answers = list(pool.map(accept, managers))
    assert answers.count(None) == 1
    winner = managers[answers.index(None)]
    lead.refresh_from_db()
    assert (lead.state, lead.owner) == (Lead.State.ACCEPTED, winner)
    assert lead.transitions.filter(to_state="accepted").count() == 1
    assert {answer for answer in answers if answer} == {
        f"{lead.person.display_name} cannot be accepted: the lead is accepted by {winner.name}. Nothing was changed."
    }
    assert first_broken_entry() is None
