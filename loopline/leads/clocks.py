"""What each side owes for a lead, and by when: clocks follow the lead's state, run in business hours, and can pause.

The clock of a state starts in the transaction that brings the lead there and stops in the one that takes it on. One
that runs out is a breach: a moment kept for good, a line of the lead's history, and a fact.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from loopline.access.actor import SYSTEM, Actor
from loopline.access.audit import audit
from loopline.access.models import BusinessUnit, Organisation, User
from loopline.facts.outbox import record_fact
from loopline.leads.clock import business_time, due_at
from loopline.leads.fact_rows import clock_row
from loopline.leads.hand_off_models import Clock, ClockPause, HandOffTerms
from loopline.leads.models import Lead, LeadTransition
from loopline.leads.states import LeadStateError
from loopline.lib.times import day_start
from loopline.routing.calendar import Calendar
from loopline.routing.working_time import calendar_of

Kind, Side, State = Clock.Kind, Clock.Side, Lead.State
JUDGED_AGAIN_FOR = timedelta(days=90)
"""A lead that stays below the definition longer than this is left to marketing."""
_SIDES: dict[str, str] = {
    Kind.RIPEN: Side.MARKETING, Kind.EVIDENCE: Side.MARKETING, Kind.REJECTION: Side.MARKETING,
    Kind.RETURN: Side.MARKETING,
}  # fmt: skip
"""Who owes what; the rest is owed by sales."""
_OUTLIVE_A_MOVE = frozenset({Kind.DISPUTE})


def terms_of(unit: BusinessUnit) -> HandOffTerms:
    """The terms of a unit; what is usual where it did not say."""
    return HandOffTerms.objects.filter(unit=unit).first() or HandOffTerms(unit=unit)


def side_of(kind: str) -> str:
    return _SIDES.get(kind, Side.SALES)


def kind_for(lead: Lead) -> str | None:
    """The clock that runs in the state the lead is in; None where none does."""
    match lead.state:
        case State.NEW:
            return Kind.RIPEN
        case State.MARKETING_QUALIFIED:
            return Kind.ASSIGN
        case State.HANDED_OVER:
            return Kind.TAKE if lead.is_pooled else Kind.ANSWER
        case State.ACCEPTED:
            return None if lead.first_touch_at else Kind.FIRST_TOUCH
        case State.REJECTED:
            return Kind.REJECTION
        case State.RECYCLED:
            return Kind.RETURN if lead.return_on else None
    return None


def follow(lead: Lead, at: datetime) -> None:
    """Stop the clocks of the state before and start the one of the state the lead is in now."""
    for clock in lead.clocks.running().exclude(kind__in=_OUTLIVE_A_MOVE):
        stop(clock, at)
    kind = kind_for(lead)
    if kind is not None:
        start(lead, kind, at)


def start(lead: Lead, kind: str, at: datetime) -> Clock:
    return Clock.objects.create(
        unit_id=lead.unit_id, lead=lead, side=side_of(kind), kind=kind, owner=owner_of(lead, kind), started_at=at,
        due_at=due_of(lead, kind, at),
    )  # fmt: skip


def owner_of(lead: Lead, kind: str) -> User | None:
    """In whose working hours a clock of this kind runs; None: office hours."""
    return lead.owner if kind in {Kind.ANSWER, Kind.FIRST_TOUCH} else None


def due_of(lead: Lead, kind: str, at: datetime) -> datetime:
    """When a clock of this kind that starts at `at` runs out."""
    owner = lead.owner if kind == Kind.FIRST_TOUCH else None
    calendar = calendar_of(owner, lead.unit)
    return due_by(lead, kind, at, terms_of(lead.unit), calendar, Organisation.current().time_zone)


def due_by(lead: Lead, kind: str, at: datetime, terms: HandOffTerms, calendar: Calendar, zone: str) -> datetime:
    """The same by these terms and working hours."""
    if kind == Kind.RIPEN:
        return at + JUDGED_AGAIN_FOR
    if kind == Kind.RETURN and lead.return_on:
        return day_start(lead.return_on + timedelta(days=1), zone)
    if kind in {Kind.ANSWER, Kind.TAKE} and lead.due_at:
        return lead.due_at
    return due_at(at, timedelta(hours=int(getattr(terms, f"{kind}_hours"))), calendar)


def stop(clock: Clock, at: datetime) -> None:
    """What was owed is done, or no longer owed. Late when it ran out before."""
    finish(clock, at)
    clock.save(update_fields=["stopped_at", "paused_at", "breached_at"])
    ClockPause.objects.filter(clock=clock, until_at=None).update(until_at=at)
    _record(clock, at)


def finish(clock: Clock, at: datetime) -> None:
    """The same on the row only."""
    if clock.paused_at is None and clock.breached_at is None and clock.due_at < at:
        clock.breached_at = clock.due_at
    clock.stopped_at, clock.paused_at = at, None


def breach(clock: Clock, at: datetime) -> None:
    """Write down that a clock ran out, in the caller's transaction."""
    clock.breached_at = clock.due_at
    clock.save(update_fields=["breached_at"])
    who = clock.owner.name if clock.owner else clock.get_side_display()
    note(clock.lead, f"The clock ran out: {who} owed to {clock.get_kind_display()}.", SYSTEM, clock.due_at)
    audit(SYSTEM, "breach_clock", clock.lead, at=at, kind=clock.kind, side=clock.side, owner=clock.owner_id)
    _record(clock, at)


def note(lead: Lead, text: str, by: Actor, at: datetime) -> None:
    """A line in the lead's history; its state stays."""
    LeadTransition.objects.create(
        lead=lead, from_state=lead.state, to_state=lead.state, by_name=by.name, note=text, at=at, is_note=True
    )


def pause(clock: Clock, reason: str, *, by: Actor, at: datetime) -> None:
    """Stop the time of a running clock until `resume`, in the caller's transaction. Raises LeadStateError."""
    if clock.stopped_at is not None or clock.paused_at is not None:
        raise LeadStateError("This clock does not run; nothing was changed.")
    if clock.due_at <= at:
        raise LeadStateError("This clock ran out already; it cannot be paused any more.")
    clock.paused_at = at
    clock.save(update_fields=["paused_at"])
    if clock.kind in {Kind.ANSWER, Kind.TAKE}:
        Lead.objects.filter(pk=clock.lead_id).update(is_paused=True)
    ClockPause.objects.create(clock=clock, from_at=at, reason=reason[:200], by_name=by.name)
    note(clock.lead, f"Clock paused: {reason}", by, at)
    audit(by, "pause_clock", clock.lead, at=at, kind=clock.kind, reason=reason)


def resume(clock: Clock, *, by: Actor, at: datetime) -> None:
    """Let a paused clock run again with the business time that was left. Raises LeadStateError."""
    if clock.paused_at is None:
        raise LeadStateError("This clock is not paused; nothing was changed.")
    calendar = calendar_of(clock.owner, clock.lead.unit)
    left = business_time(clock.paused_at, clock.due_at, calendar)
    clock.paused_at, clock.due_at = None, due_at(at, left, calendar)
    clock.save(update_fields=["paused_at", "due_at"])
    ClockPause.objects.filter(clock=clock, until_at=None).update(until_at=at)
    if clock.kind in {Kind.ANSWER, Kind.TAKE}:
        clock.lead.due_at, clock.lead.is_paused = clock.due_at, False
        clock.lead.save(update_fields=["due_at", "is_paused"])
    note(clock.lead, "Clock runs again", by, at)
    audit(by, "resume_clock", clock.lead, at=at, kind=clock.kind)


@transaction.atomic
def touched(person_ids: Sequence[UUID], unit_id: UUID, at: datetime) -> None:
    """Sales called, wrote to or met the person: the first time stops the clock of their leads in work."""
    leads = Lead.objects.filter(
        person__in=person_ids, unit=unit_id, state__in=[State.HANDED_OVER, State.ACCEPTED], first_touch_at=None,
        handed_over_at__lte=at,
    )  # fmt: skip
    for lead in leads:
        lead.first_touch_at = at
        lead.save(update_fields=["first_touch_at"])
        for clock in lead.clocks.running().filter(kind=Kind.FIRST_TOUCH):
            stop(clock, max(at, clock.started_at))


def _record(clock: Clock, at: datetime) -> None:
    record_fact("clock_facts", str(clock.pk), clock_row(clock), occurred_at=at)
