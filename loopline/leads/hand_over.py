"""Handing a qualified lead to a named salesperson, with the clock for the answer."""

from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, Q

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit
from loopline.access.models import BusinessUnit, Organisation, User
from loopline.access.roles import Permission
from loopline.leads.changes import Move, lock, move, require_unit
from loopline.leads.clock import due_at
from loopline.leads.models import Lead
from loopline.leads.routing import RECENT, Candidate, choose
from loopline.leads.states import require_move
from loopline.lib.times import utc_now

NOBODY = "nobody in this business unit takes leads; it is handed over when someone does"


@transaction.atomic
def hand_over_lead(lead: Lead, *, to: User | None = None, by: Actor, at: datetime | None = None) -> bool:
    """Hand a qualified lead to `to`, or to the next in the round robin. False when there is nobody to take it.

    A lead that was handed over or accepted before goes to another owner with a new clock; then `to` must be given.
    """
    by.require(Permission.ASSIGN_LEADS)
    lock(lead)
    require_unit(by, lead)
    if to is None and lead.state != Lead.State.MARKETING_QUALIFIED:
        raise ValueError("Name the colleague who gets this lead: it has an owner already")
    if to is not None and not (to.is_active and to.actor.may(Permission.WORK_LEADS)):
        raise NotAllowedError(f"{to.name} does not work leads. Choose someone in sales.")
    if to is not None and not to.actor.covers_unit(lead.unit_id):
        raise NotAllowedError(f"{to.name} does not work for {lead.unit}. Choose someone who does.")
    return hand_over(lead, to=to, by=by, at=at or utc_now())


def hand_over(lead: Lead, *, to: User | None = None, by: Actor, at: datetime) -> bool:
    """The same for a lead that is locked already, by someone who was asked for permission already."""
    require_move(lead, Lead.State.HANDED_OVER)
    unit = BusinessUnit.objects.select_for_update(no_key=True).get(
        pk=lead.unit_id
    )  # one at a time, so that turns are fair
    if to is not None:
        owner_id, because = to.pk, f"handed over by {by.name}"[:200]
    else:
        choice = choose(candidates(unit, at))
        if choice is None:
            return _leave_waiting(lead, by, at)
        owner_id, because = choice.user_id, choice.because
    lead.owner_id, lead.assigned_because = owner_id, because
    lead.handed_over_at, lead.accepted_at = at, None
    lead.due_at = due_at(at, unit.accept_within_hours, Organisation.current().time_zone)
    move(lead, Move(Lead.State.HANDED_OVER, "hand_over_lead", by, at, note=because))
    return True


def _leave_waiting(lead: Lead, by: Actor, at: datetime) -> bool:
    if lead.assigned_because != NOBODY:
        lead.assigned_because = NOBODY
        lead.save(update_fields=["assigned_because"])
        audit(by, "wait_for_salesperson", lead, at=at)
    return False


def candidates(unit: BusinessUnit, at: datetime) -> list[Candidate]:
    """Salespeople of the unit who take leads, with how many they were handed lately."""
    recent = Q(leads__unit=unit, leads__handed_over_at__gt=at - RECENT, leads__handed_over_at__lte=at)
    users = User.objects.filter(units=unit, is_active=True, takes_leads=True).annotate(
        recent=Count("leads", filter=recent, distinct=True),
        last_at=Max("leads__handed_over_at", filter=Q(leads__unit=unit, leads__handed_over_at__lte=at)),
    )
    return [
        Candidate(user.pk, user.name, user.recent, user.last_at)
        for user in users
        if user.actor.may(Permission.WORK_LEADS)
    ]


def hand_over_waiting(*, by: Actor, at: datetime | None = None) -> int:
    """Hand over every qualified lead that waits for a salesperson, the oldest first; how many went."""
    waiting = Lead.objects.without_salesperson().visible_to(by)
    return sum(_hand_over_if_it_still_waits(lead, by, at or utc_now()) for lead in waiting)


@transaction.atomic
def _hand_over_if_it_still_waits(lead: Lead, by: Actor, at: datetime) -> bool:
    by.require(Permission.ASSIGN_LEADS)
    lock(lead)
    return lead.state == Lead.State.MARKETING_QUALIFIED and hand_over(lead, by=by, at=at)
