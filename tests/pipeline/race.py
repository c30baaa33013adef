"""Run by `test_turns.py` in a process of its own, on a database that it may fill: prints what went wrong.

People of one business unit do everything at once with the same person, the same lead and the same opportunity.
"""

import json
import threading
from collections.abc import Callable

from django.db import connection, connections

from loopline.access.actions import NewUnit, change_unit
from loopline.access.actor import SYSTEM
from loopline.access.audit import first_broken_entry
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.campaigns.actions import CampaignPlan, add_cost, edit_campaign
from loopline.campaigns.costs import CostEntry
from loopline.cli.new_records import create_records
from loopline.leads.actions import accept_lead, create_lead, disqualify_lead
from loopline.leads.hand_over import hand_over_lead
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.people.actions import Details, edit_person, fill_in, merge_people, undo_merge
from loopline.people.models import Person
from loopline.pipeline.actions import convert_lead, move_stage
from loopline.pipeline.contacts import set_contact
from loopline.pipeline.interactions import Talk, log_interaction
from loopline.pipeline.models import Opportunity
from loopline.pipeline.tasks import NewTask, create_task, do_task
from tests.make import make_campaign, make_person, make_unit, make_user
from tests.pipeline.records import make_opportunity

ROUNDS = 15


def main() -> None:
    create_records(connection)
    errors: list[str] = []
    acts = Acts()

    def repeat(act: Callable[[int], None]) -> None:
        try:
            for number in range(ROUNDS):
                act(number)
        except Exception as error:  # noqa: BLE001 - told in the answer
            errors.append(f"{act.__name__}: {type(error).__name__}: {error}")
        finally:
            connections.close_all()

    whole = [acts.talk, acts.sell, acts.meet, acts.work, acts.know, acts.merge, acts.plan, acts.settle, acts.fill]
    threads = [threading.Thread(target=repeat, args=(act,)) for act in whole]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chain_is_whole = first_broken_entry() is None
    print(json.dumps({"vendor": connection.vendor, "errors": errors, "chain_is_whole": chain_is_whole}))


class Acts:
    def __init__(self) -> None:
        self.unit: BusinessUnit = make_unit()
        self.seller: User = make_user(Role.SALES, unit=self.unit, takes_leads=True)
        self.person: Person = make_person("ines@halden.example", unit=self.unit)
        self.opportunity: Opportunity = make_opportunity(self.unit)
        self.campaign = make_campaign(self.unit)
        set_contact(self.opportunity, self.person, "user", by=SYSTEM)

    def talk(self, number: int) -> None:
        log_interaction(Talk(self.unit, self._person(), "note", f"said {number}"), by=SYSTEM)

    def sell(self, number: int) -> None:
        deal = Opportunity.objects.get(pk=self.opportunity.pk)
        move_stage(deal, ("discovery", "proposal")[number % 2], by=SYSTEM)

    def meet(self, number: int) -> None:
        deal = Opportunity.objects.get(pk=self.opportunity.pk)
        set_contact(deal, self._person(), ("user", "champion")[number % 2], by=SYSTEM)

    def work(self, number: int) -> None:
        """One lead after the other, from both sides at once."""
        lead = create_lead(self._person(), self.unit, origin="race", by=SYSTEM)
        if number % 3 == 0:
            disqualify_lead(lead, "duplicate", by=SYSTEM)
            return
        Lead.objects.filter(pk=lead.pk).update(state=Lead.State.MARKETING_QUALIFIED, qualified_at=utc_now())
        hand_over_lead(lead, by=SYSTEM)
        accept_lead(lead, by=SYSTEM)
        convert_lead(lead, name="Deal", amount_minor=1, currency="EUR", expected_close_on=None, by=SYSTEM)

    def know(self, number: int) -> None:
        edit_person(self._person(), Details(name=f"Ines {number}"), company=None, by=SYSTEM)

    def fill(self, number: int) -> None:
        fill_in(self._person(), Details(company_name=f"Halden {number}", phone=str(number)), by=SYSTEM)

    def merge(self, number: int) -> None:
        other = make_person(f"p{number}@halden.example", unit=self.unit)
        undo_merge(merge_people(self._person(), other, by=SYSTEM), by=SYSTEM)

    def plan(self, number: int) -> None:
        plan = CampaignPlan(name=f"Plan {number}", channel="Event", currency="EUR")
        edit_campaign(self.campaign, plan, by=SYSTEM)
        today = utc_now().date()
        add_cost(self.campaign, CostEntry(number, "EUR", today, today), by=SYSTEM)

    def settle(self, number: int) -> None:
        change_unit(self.unit, NewUnit(f"Unit {number}", "EUR"), by=SYSTEM)
        do_task(create_task(NewTask(self.unit, "Call", self.seller, person=self._person()), by=SYSTEM), by=SYSTEM)

    def _person(self) -> Person:
        return Person.objects.get(pk=self.person.pk)
