"""Rows of deals into opportunities: of the lead they came from, where the file or an earlier one tells."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from loopline.campaigns.models import Campaign, CampaignCode
from loopline.leads.fact_rows import lead_row
from loopline.leads.models import Lead
from loopline.people.models import Person
from loopline.pipeline.fact_rows import opportunity_contact_id, opportunity_contact_row, opportunity_row
from loopline.pipeline.models import Opportunity, OpportunityContact, StageChange, business_day
from loopline.sync.job import Job
from loopline.sync.known import Known, known_ids, refused_elsewhere
from loopline.sync.people import People
from loopline.sync.rows import DealRow
from loopline.sync.verdicts import Answer, Verdict

_BEFORE_WINNING = timedelta(seconds=1)
_UPDATED = ("name", "amount_minor", "currency", "expected_close_on", "owner", "outcome", "closed_at", "loss_reason")


@dataclass(slots=True)
class _Context:
    """What the rows of a chunk have to do with."""

    leads: dict[str, Lead]
    """external id → lead"""
    touches: dict[str, dict[str, str] | None]
    campaigns: dict[str, Campaign]
    people: People
    taken: set[object] = field(default_factory=set)
    """Leads that have an opportunity."""


def take_deals(job: Job, rows: Sequence[DealRow]) -> list[Verdict]:
    """What the rows do, put into `job`. No id occurs twice in `rows`."""
    known = known_ids(job, "opportunity", [row.external_id for row in rows])
    refused = refused_elsewhere(job, Opportunity, rows, known)
    rows = [row for row in rows if row.line not in refused]
    changed = [row for row in rows if row.external_id in known and known[row.external_id].digest != row.digest]
    fresh = [row for row in rows if row.external_id not in known]
    verdicts = {row.line: _verdict(row, Answer.UNCHANGED) for row in rows}
    verdicts |= {one.line: one for one in _update(job, changed, known)}
    if fresh:
        context = _context(job, fresh)
        verdicts |= {row.line: _add(job, row, context) for row in fresh}
    return list((verdicts | refused).values())


def _context(job: Job, rows: Sequence[DealRow]) -> _Context:
    known = known_ids(job, "lead", [row.lead for row in rows if row.lead])
    ids = [one.object_id for one in known.values()]
    found = Lead.objects.filter(pk__in=ids, unit=job.unit)
    found = found.select_related("person__merged_into", "person__company", "owner")
    leads = {str(lead.pk): lead for lead in found}
    codes = CampaignCode.objects.filter(unit=job.unit, code__in={row.campaign for row in rows if row.campaign})
    return _Context(
        leads={external_id: leads[one.object_id] for external_id, one in known.items() if one.object_id in leads},
        touches={external_id: one.touch for external_id, one in known.items()},
        campaigns={code.code: code.campaign for code in codes.select_related("campaign")},
        people=People(job, [row for row in rows if row.email]),
        taken=set(Opportunity.objects.filter(lead__in=list(leads.values())).values_list("lead_id", flat=True)),
    )


def _add(job: Job, row: DealRow, context: _Context) -> Verdict:
    at = row.created_at or job.now
    lead = context.leads.get(row.lead)
    if row.lead and lead is None:
        row.warnings.append(f"no lead “{row.lead}” of {job.system} is known; import the leads, too")
    person: Person | None = lead.person.canonical if lead else None
    if person is None and row.email:
        person, _ = context.people.find_or_create(row, at)
    if lead is not None and lead.pk in context.taken:
        row.warnings.append("its lead has another opportunity already; this one stands without a lead")
        lead = None
    if row.campaign and row.campaign not in context.campaigns:
        row.warnings.append(f"the code “{row.campaign}” belongs to no campaign; map it on the campaign's page")
    opportunity = _new_opportunity(job, row, lead, person, context.campaigns.get(row.campaign))
    if lead is not None:
        context.taken.add(lead.pk)
        _look_at_times(job, row, lead, context.touches.get(row.lead))
        _convert(job, row, lead, opportunity)
    job.know("opportunity", row.external_id, opportunity, row.digest)
    return _verdict(row, Answer.CREATED, record=f"opportunity {opportunity.pk}")


def _new_opportunity(
    job: Job, row: DealRow, lead: Lead | None, person: Person | None, campaign: Campaign | None
) -> Opportunity:
    at = row.created_at or job.now
    opportunity = Opportunity(
        unit=job.unit, name=row.name or f"{job.system} {row.external_id}"[:200], lead=lead,
        company_id=person.company_id if person else None, owner=row.owner or (lead.owner if lead else None),
        outcome=row.outcome, loss_reason=row.loss_reason, amount_minor=row.amount_minor, currency=row.currency,
        expected_close_on=row.expected_close_on, primary_campaign=campaign, created_at=at, stage_entered_at=at,
        closed_at=row.closed_at,
    )  # fmt: skip
    job.create(opportunity, row.line)
    job.create(StageChange(opportunity=opportunity, to_stage=opportunity.stage, by_name=job.by.name, at=at))
    _record(job, opportunity)
    if row.closed_at is not None:
        _stage_change(job, opportunity)
    if person is not None:
        contact = OpportunityContact(opportunity=opportunity, person=person, is_primary=True)
        job.create(contact)
        row_id = opportunity_contact_id(contact)
        job.fact("opportunity_contact_facts", row_id, opportunity_contact_row(contact), at)
    return opportunity


def _convert(job: Job, row: DealRow, lead: Lead, opportunity: Opportunity) -> None:
    """The lead has an opportunity now, whatever it was before: the other system says so."""
    if lead.state == Lead.State.CONVERTED:
        return
    at = opportunity.created_at
    before = lead.state
    job.change(lead, row.line, state=Lead.State.CONVERTED.value, converted_at=at)
    job.move(lead, before, Lead.State.CONVERTED.value, at)
    job.fact("lead_facts", lead.pk, lead_row(lead), at)


def _look_at_times(job: Job, row: DealRow, lead: Lead, touch: dict[str, str] | None) -> None:
    """A sale before the first contact that the other system noted: both are kept as they are told, and warned of.

    What brought the buyer must have come before the sale, so the same origin is also recorded just before it;
    without that, the revenue would belong to no source.
    """
    if touch is None:
        return
    contact, sale = datetime.fromisoformat(touch["at"]), row.closed_at or row.created_at or job.now
    if sale > contact:
        return
    row.warnings.append(
        f"{row.outcome} on {sale:%Y-%m-%d}, before the first contact on {contact:%Y-%m-%d}; "
        "its origin is counted as of the moment before"
    )
    moved = touch | {"at": (min(sale, row.created_at or sale) - _BEFORE_WINNING).isoformat()}
    event_id = f"import:{lead.pk}:{row.external_id}:implied"[:200]
    job.touchpoint(lead.person.canonical.pk, event_id, moved, "First contact, implied by the sale")


def _update(job: Job, rows: Sequence[DealRow], known: dict[str, Known]) -> list[Verdict]:
    """A deal that changed since it was taken in last: the other system's values replace what the records say."""
    if not rows:
        return []
    ids = [known[row.external_id].object_id for row in rows]
    opportunities = {str(one.pk): one for one in Opportunity.objects.filter(pk__in=ids).select_related("owner")}
    return [_update_one(job, row, known[row.external_id], opportunities) for row in rows]


def _update_one(job: Job, row: DealRow, known: Known, opportunities: dict[str, Opportunity]) -> Verdict:
    opportunity = opportunities[known.object_id]
    told = {name: getattr(row, name) for name in _UPDATED}
    values = {name: value for name, value in told.items() if value != getattr(opportunity, name)}
    for name in ("name", "owner", "amount_minor", "expected_close_on"):
        if name in values and not values[name] and values[name] != 0:
            del values[name]  # an empty cell says nothing
    if opportunity.refunded_minor and values.keys() & {"amount_minor", "currency", "outcome"}:
        row.warnings.append("money was given back on it, so it stays as it is; change it on its page")
        values = {}
    moved = "outcome" in values or "closed_at" in values
    if values:
        job.change(opportunity, row.line, **values)
        if moved and row.closed_at is not None:
            _stage_change(job, opportunity)
        _record(job, opportunity)
    known.take(job, row.line, row.digest)
    why = f"changed: {', '.join(values)}" if values else "nothing that is kept changed"
    answer = Answer.UPDATED if values else Answer.UNCHANGED
    return _verdict(row, answer, why, record=f"opportunity {opportunity.pk}")


def _stage_change(job: Job, opportunity: Opportunity) -> None:
    job.create(
        StageChange(
            opportunity=opportunity, from_stage=opportunity.stage, to_stage=opportunity.outcome,
            reason=opportunity.loss_reason,
            amount_minor=opportunity.amount_minor if opportunity.outcome == Opportunity.Outcome.WON else None,
            by_name=job.by.name, at=opportunity.closed_at or job.now,
        )
    )  # fmt: skip


def _record(job: Job, opportunity: Opportunity) -> None:
    refunded = 0 if opportunity._state.adding else opportunity.refunded_minor
    at = opportunity.closed_at or opportunity.created_at
    reporting = opportunity.reporting_minor(refunded, business_day(at))
    if reporting is None and opportunity.amount_minor is not None:
        job.notices.add(
            f"There is no exchange rate for {opportunity.currency} on the day of some deals: they count as won, but "
            "their revenue is missing until the rate is added under Settings › Exchange rates."
        )
    row = opportunity_row(opportunity, refunded_minor=refunded, reporting_minor=reporting)
    job.fact("opportunity_facts", opportunity.pk, row, at)


def _verdict(row: DealRow, answer: Answer, why: str = "", record: str = "") -> Verdict:
    told = "; ".join([*([why] if why else []), *row.warnings]) if row.warnings else why
    return Verdict(row.line, answer, row.external_id, told, bool(row.warnings), record)
