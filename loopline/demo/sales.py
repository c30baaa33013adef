"""Converted leads as opportunities, in bulk, with their stages, refunds and the calls of salespeople."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from loopline.access.models import RateTable
from loopline.campaigns.models import Campaign
from loopline.demo import world
from loopline.demo.ground import Ids
from loopline.demo.simulate import Buyer, Sale, Visit, Year
from loopline.facts.outbox import Fact
from loopline.leads.models import Lead
from loopline.lib.times import local_day
from loopline.pipeline.fact_rows import opportunity_contact_id, opportunity_contact_row, opportunity_row
from loopline.pipeline.models import Interaction, Opportunity, OpportunityContact, Refund, StageChange

CALL_NOTES = (
    "Left a message.",
    "Talked for ten minutes; sends us the meter list.",
    "Asked about the service contract.",
)


@dataclass
class SalesBulk:
    opportunities: list[Opportunity] = field(default_factory=list)
    contacts: list[OpportunityContact] = field(default_factory=list)
    changes: list[StageChange] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    calls: list[Interaction] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)


def primary_campaigns(year: Year, campaigns: Mapping[tuple[str, str], Campaign]) -> dict[int, Campaign]:
    """Number of a buyer → what sales notes as the primary campaign: the last that brought them before asking."""
    visits: dict[str, list[Visit]] = defaultdict(list)
    for visit in year.visits:
        if (visit.unit.key, visit.origin.code) in campaigns:
            visits[visit.visitor].append(visit)
    last = {
        buyer.number: next((one for one in reversed(visits[buyer.visitor]) if one.at <= buyer.asked_at), None)
        for buyer in year.buyers
    }
    return {number: campaigns[one.unit.key, one.origin.code] for number, one in last.items() if one}


def make_sales(
    buyers: Sequence[Buyer], leads: dict[int, Lead], campaigns: Mapping[int, Campaign], ids: Ids
) -> SalesBulk:
    """`campaigns`: number of a buyer → primary campaign."""
    bulk, rates = SalesBulk(), RateTable()
    for buyer in buyers:
        lead = leads[buyer.number]
        for number, (at, was_answered) in enumerate(buyer.calls):
            bulk.calls.append(_call(lead, at, was_answered, number, ids))
        if buyer.sale is not None and buyer.converted_at is not None:
            _Deal(bulk, rates, lead, buyer.sale, buyer.converted_at, ids, campaigns.get(buyer.number)).make()
    return bulk


def write_sales(bulk: SalesBulk) -> None:
    Opportunity.objects.bulk_create(bulk.opportunities, batch_size=500)
    OpportunityContact.objects.bulk_create(bulk.contacts, batch_size=500)
    StageChange.objects.bulk_create(bulk.changes, batch_size=1_000)
    Refund.objects.bulk_create(bulk.refunds)
    Interaction.objects.bulk_create(bulk.calls, batch_size=500)


def _call(lead: Lead, at: datetime, was_answered: bool, number: int, ids: Ids) -> Interaction:
    return Interaction(
        id=ids.at(at),
        unit=lead.unit,
        person=lead.person,
        kind=Interaction.Kind.CALL,
        was_answered=was_answered,
        summary=CALL_NOTES[1 + number % 2] if was_answered else CALL_NOTES[0],
        by=lead.owner,
        at=at,
        reported_at=at if was_answered else None,
    )


@dataclass
class _Deal:
    """One opportunity and the versions it went through."""

    bulk: SalesBulk
    rates: RateTable
    lead: Lead
    sale: Sale
    converted_at: datetime
    ids: Ids
    campaign: Campaign | None

    def make(self) -> None:
        owner = self.lead.owner.name if self.lead.owner else ""
        opportunity = self._opened(owner)
        for before, (stage, at) in zip(self.sale.steps, self.sale.steps[1:], strict=False):
            opportunity.stage, opportunity.stage_entered_at = stage, at
            self._change(opportunity, before[0], stage, owner, at)
            self._record(opportunity, at)
        if self.sale.closed_at is not None:
            opportunity.outcome, opportunity.loss_reason = self.sale.outcome, self.sale.loss_reason
            opportunity.closed_at = self.sale.closed_at
            self._change(opportunity, opportunity.stage, self.sale.outcome, owner, self.sale.closed_at)
            self._record(opportunity, self.sale.closed_at)
        if self.sale.refunded_at is not None:
            self._refund(opportunity, self.sale.refunded_at)

    def _opened(self, owner: str) -> Opportunity:
        at, person = self.converted_at, self.lead.person
        company = person.company
        opportunity = Opportunity(
            id=self.ids.at(at),
            unit=self.lead.unit,
            name=f"{company.name if company else person.name} · {self.sale.product}",
            lead=self.lead,
            company=company,
            owner=self.lead.owner,
            amount_minor=self.sale.amount_minor,
            currency=self.lead.unit.currency,
            primary_campaign=self.campaign,
            expected_close_on=(at + timedelta(days=60)).date(),
            created_at=at,
            stage_entered_at=at,
        )
        self.bulk.opportunities.append(opportunity)
        self._change(opportunity, "", opportunity.stage, owner, at)
        self._record(opportunity, at)
        contact = OpportunityContact(
            opportunity=opportunity, person=person, role=OpportunityContact.Role.OTHER, is_primary=True
        )
        self.bulk.contacts.append(contact)
        row = opportunity_contact_row(contact)
        self.bulk.facts.append(Fact("opportunity_contact_facts", opportunity_contact_id(contact), row, at))
        return opportunity

    def _change(self, opportunity: Opportunity, before: str, after: str, owner: str, at: datetime) -> None:
        self.bulk.changes.append(
            StageChange(opportunity=opportunity, from_stage=before, to_stage=after, by_name=owner, at=at)
        )

    def _refund(self, opportunity: Opportunity, at: datetime) -> None:
        amount = self.sale.refund_minor
        by_name = "Ruth Okonkwo"
        self.bulk.refunds.append(
            Refund(
                opportunity=opportunity,
                amount_minor=amount,
                on=_day(at),
                reason="One line was sent back",
                by_name=by_name,
            )
        )
        self._change(opportunity, opportunity.outcome, "refunded", by_name, at)
        self._record(opportunity, at, refunded_minor=amount)

    def _record(self, opportunity: Opportunity, at: datetime, refunded_minor: int = 0) -> None:
        on = _day(opportunity.closed_at or at)
        amount = (opportunity.amount_minor or 0) - refunded_minor
        row = opportunity_row(
            opportunity,
            refunded_minor=refunded_minor,
            reporting_minor=self.rates.convert(amount, opportunity.currency, on),
        )
        self.bulk.facts.append(Fact("opportunity_facts", str(opportunity.pk), row, at))


def _day(at: datetime) -> date:
    return local_day(at, world.TIME_ZONE)
