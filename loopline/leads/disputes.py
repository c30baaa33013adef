"""The two sides talk about one lead: marketing disputes a rejection, sales asks for what is missing.

While one side waits for the other, its own clock stands still with the reason, and the other side's clock runs.
"""

from datetime import datetime

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit
from loopline.access.models import User
from loopline.access.roles import Permission
from loopline.leads.changes import lock, require_own_lead, require_unit
from loopline.leads.clocks import note as write_note
from loopline.leads.clocks import pause, resume, start, stop
from loopline.leads.hand_off_models import Clock, Dispute
from loopline.leads.hand_over import hand_over
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError
from loopline.lib.times import utc_now

Kind, State = Clock.Kind, Lead.State


@transaction.atomic
def open_dispute(lead: Lead, because: str, *, by: Actor, at: datetime | None = None) -> Dispute:
    """Marketing says why a lead that came back is one. Sales management owes an answer. Raises LeadStateError."""
    by.require(Permission.SIGN_FOR_MARKETING)
    at = at or utc_now()
    lock(lead)
    require_unit(by, lead)
    if lead.state != State.REJECTED:
        raise LeadStateError(f"Only what sales sent back can be disputed; this lead is {lead.state_label}.")
    if lead.disputes.filter(resolved_at=None).exists():
        raise LeadStateError("This rejection is disputed already. Nothing was changed.")
    dispute = Dispute.objects.create(
        lead=lead, reason=lead.reason, because=because, opened_by_name=by.name, opened_at=at
    )
    _pause(lead, [Kind.REJECTION], "disputed with sales", by, at)
    start(lead, Kind.DISPUTE, at)
    write_note(lead, f"Disputed: {because}", by, at)
    audit(by, "open_dispute", lead, at=at, reason=lead.reason, because=because)
    return dispute


@transaction.atomic
def resolve_dispute(
    dispute: Dispute, resolution: str, note: str = "", *, to: User | None = None, by: Actor, at: datetime | None = None
) -> None:
    """Sales management lets the rejection stand, or takes the lead back: to its last owner, or to `to`."""
    by.require(Permission.SIGN_FOR_SALES)
    at = at or utc_now()
    lead = dispute.lead
    lock(lead)
    require_unit(by, lead)
    dispute.refresh_from_db()
    if dispute.resolved_at is not None:
        raise LeadStateError(f"{dispute.resolved_by_name} settled this dispute already. Nothing was changed.")
    if resolution not in Dispute.Resolution.values:
        raise ValueError(f"“{resolution}” settles nothing; choose one of {', '.join(Dispute.Resolution.values)}")
    is_back = resolution == Dispute.Resolution.OVERTURNED
    if is_back and Lead.objects.running().filter(person__in=lead.person.known_ids(), unit=lead.unit_id).exists():
        raise LeadStateError(f"{lead.person.display_name} is a running lead again already. Open that one instead.")
    dispute.resolution, dispute.resolution_note = resolution, note
    dispute.resolved_by_name, dispute.resolved_at = by.name, at
    dispute.save()
    for clock in lead.clocks.running().filter(kind=Kind.DISPUTE):
        stop(clock, at)
    write_note(lead, f"Dispute settled: {dispute.get_resolution_display()}. {note}".strip(), by, at)
    audit(by, "resolve_dispute", lead, at=at, resolution=resolution, note=note)
    if is_back:
        lead.reason, lead.reason_note, lead.reason_detail, lead.rejected_at = "", "", {}, None
        hand_over(lead, to=to or lead.owner, by=by, at=at)
    else:
        _resume(lead, by, at)


@transaction.atomic
def ask_for_evidence(lead: Lead, what: str, *, by: Actor, at: datetime | None = None) -> None:
    """Sales misses something about a lead in work: marketing owes it, and the own clock stands still meanwhile."""
    by.require(Permission.WORK_LEADS)
    at = at or utc_now()
    lock(lead)
    require_own_lead(by, lead)
    if lead.state not in {State.HANDED_OVER, State.ACCEPTED}:
        raise LeadStateError(f"Only leads in work can miss something; this one is {lead.state_label}.")
    if lead.clocks.running().filter(kind=Kind.EVIDENCE).exists():
        raise LeadStateError("Marketing was asked already and has not answered yet. Nothing was changed.")
    _pause(lead, [Kind.ANSWER, Kind.TAKE, Kind.FIRST_TOUCH], f"marketing was asked for: {what}", by, at)
    start(lead, Kind.EVIDENCE, at)
    write_note(lead, f"Asked marketing for: {what}", by, at)
    audit(by, "ask_for_evidence", lead, at=at, what=what)


@transaction.atomic
def complete_evidence(lead: Lead, said: str, *, by: Actor, at: datetime | None = None) -> None:
    """Marketing answers what sales missed; the clock of sales runs again. Raises LeadStateError."""
    by.require(Permission.EDIT_PEOPLE)
    at = at or utc_now()
    lock(lead)
    require_unit(by, lead)
    asked = lead.clocks.running().filter(kind=Kind.EVIDENCE).first()
    if asked is None:
        raise LeadStateError("Sales does not wait for anything about this lead. Nothing was changed.")
    stop(asked, at)
    write_note(lead, f"Marketing answers: {said}", by, at)
    audit(by, "complete_evidence", lead, at=at, said=said)
    _resume(lead, by, at)


@transaction.atomic
def pause_clocks(lead: Lead, reason: str, *, by: Actor, at: datetime | None = None) -> None:
    """Stop the time of what is owed for this lead, for a reason that the history keeps. Raises LeadStateError."""
    at = at or utc_now()
    lock(lead)
    _require_side(lead, by)
    ticking = list(lead.clocks.ticking())
    if not ticking:
        raise LeadStateError("No clock of this lead runs. Nothing was changed.")
    for clock in ticking:
        pause(clock, reason, by=by, at=at)


@transaction.atomic
def resume_clocks(lead: Lead, *, by: Actor, at: datetime | None = None) -> None:
    at = at or utc_now()
    lock(lead)
    _require_side(lead, by)
    if not lead.clocks.running().filter(paused_at__isnull=False).exists():
        raise LeadStateError("No clock of this lead is paused. Nothing was changed.")
    if lead.clocks.running().filter(kind__in=[Kind.DISPUTE, Kind.EVIDENCE]).exists():
        raise LeadStateError("The other side owes an answer first; the clock goes on with it. Nothing was changed.")
    _resume(lead, by, at)


def _require_side(lead: Lead, by: Actor) -> None:
    if by.may(Permission.ASSIGN_LEADS):
        require_unit(by, lead)
    else:
        require_own_lead(by, lead)


def _pause(lead: Lead, kinds: list[Clock.Kind], reason: str, by: Actor, at: datetime) -> None:
    """Those of these clocks that are still in time; one that ran out stays late."""
    for clock in lead.clocks.ticking().filter(kind__in=kinds, due_at__gt=at):
        pause(clock, reason, by=by, at=at)


def _resume(lead: Lead, by: Actor, at: datetime) -> None:
    for clock in lead.clocks.running().filter(paused_at__isnull=False):
        clock.lead = lead
        resume(clock, by=by, at=at)
