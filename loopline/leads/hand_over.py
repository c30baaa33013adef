"""Handing a qualified lead to a named salesperson or into a queue, with the clock for the answer and the reasons."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Permission
from loopline.leads.changes import Move, lock, move, require_unit
from loopline.leads.clock import due_at
from loopline.leads.clocks import terms_of
from loopline.leads.desk import Desk, behaviour_for
from loopline.leads.hand_off_models import Assignment
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError, require_move
from loopline.lib.times import utc_now
from loopline.routing.bench import WORKING_ROLES
from loopline.routing.decide import NOBODY, NOBODY_NOW, Decision
from loopline.routing.working_time import calendar_of

__all__ = ["NOBODY", "NOBODY_NOW", "hand_over", "hand_over_lead", "hand_over_waiting"]


def hand_over_lead(lead: Lead, *, to: User | None = None, by: Actor, at: datetime | None = None) -> bool:
    """Hand a qualified lead to `to`, or where the routing rules say. False when there is nobody to take it.

    A lead that was handed over or accepted before goes to another owner with a new clock; then `to` must be given.
    """
    by.require(Permission.ASSIGN_LEADS)
    at = at or utc_now()
    desk = None if to else Desk(behaviour=behaviour_for(lead, at))
    return _hand_over_lead(lead, to, desk, by, at)


@transaction.atomic
def _hand_over_lead(lead: Lead, to: User | None, desk: Desk | None, by: Actor, at: datetime) -> bool:
    lock(lead)
    require_unit(by, lead)
    if lead.state == Lead.State.REJECTED:
        raise LeadStateError("Sales sent this lead back. Dispute that, and it can be handed over again.")
    if to is None and lead.state != Lead.State.MARKETING_QUALIFIED:
        raise ValueError("Name the colleague who gets this lead: it has an owner already")
    if to is not None and not (to.is_active and to.actor.may(Permission.WORK_LEADS)):
        raise NotAllowedError(f"{to.name} does not work leads. Choose someone in sales.")
    if to is not None and not to.actor.covers_unit(lead.unit_id):
        raise NotAllowedError(f"{to.name} does not work for {lead.unit}. Choose someone who does.")
    return hand_over(lead, to=to, desk=desk, by=by, at=at)


def hand_over(lead: Lead, *, to: User | None = None, desk: Desk | None = None, by: Actor, at: datetime) -> bool:
    """The same for a lead that is locked already, by someone who was asked for permission already.

    `desk` is what was read before the transaction began; what is missing there is read now.
    """
    require_move(lead, Lead.State.HANDED_OVER)
    unit = BusinessUnit.objects.select_for_update(no_key=True).get(
        pk=lead.unit_id
    )  # one at a time, so that turns are fair
    if to is not None:
        decision = Decision("", "", f"handed over by {by.name}"[:200], user_id=to.pk)
    else:
        decision = (desk or Desk()).route(lead, unit, at)
        if not decision.is_made:
            return _leave_waiting(lead, decision, by, at)
    give(lead, unit, decision, by, at)
    return True


def give(lead: Lead, unit: BusinessUnit, decision: Decision, by: Actor, at: datetime) -> None:
    """Carry out a decision that is made: owner or queue, a new clock, and the reasons, kept for good."""
    lead.owner_id, lead.team_id, lead.is_pooled = decision.user_id, decision.team_id, decision.is_pooled
    lead.assigned_because = decision.because
    lead.handed_over_at, lead.accepted_at, lead.first_touch_at = at, None, None
    hours = terms_of(unit).take_hours if decision.is_pooled else unit.accept_within_hours
    owner = User.objects.get(pk=decision.user_id) if decision.user_id else None
    lead.due_at = due_at(at, timedelta(hours=hours), calendar_of(owner, unit))
    move(lead, Move(Lead.State.HANDED_OVER, "hand_over_lead", by, at, note=decision.because))
    keep_assignment(lead, decision, by, at)


def keep_assignment(lead: Lead, decision: Decision, by: Actor, at: datetime) -> None:
    Assignment.objects.create(
        lead=lead,
        at=at,
        owner_id=lead.owner_id,
        team_id=lead.team_id,
        rule=decision.rule,
        sentence=decision.sentence,
        because=decision.because,
        considered=decision.considered,
        passed=decision.passed,
        by_name=by.name,
    )


def to_queue(lead: Lead, because: str, *, by: Actor, at: datetime) -> None:
    """Take a locked lead from its owner and put it back into the queue it came through."""
    unit = lead.unit
    give(lead, unit, Decision("", "", because[:200], is_pooled=True, team_id=lead.team_id), by, at)


def _leave_waiting(lead: Lead, decision: Decision, by: Actor, at: datetime) -> bool:
    if lead.assigned_because != decision.because:
        lead.assigned_because = decision.because
        lead.save(update_fields=["assigned_because"])
        audit(by, "wait_for_salesperson", lead, at=at, because=decision.because)
    return False


def hand_over_waiting(*, by: Actor, at: datetime | None = None) -> int:
    """Hand over every qualified lead that waits for a salesperson, the oldest first; how many went.

    A lead in a queue whose members all left is such a lead too: nobody would ever take it.
    """
    by.require(Permission.ASSIGN_LEADS)
    at = at or utc_now()
    waiting = [*Lead.objects.without_salesperson().visible_to(by), *in_deserted_queues(by)]
    desks: dict[UUID, Desk] = {}
    went = 0
    for lead in waiting:
        desk = desks.get(lead.unit_id) or desks.setdefault(lead.unit_id, Desk.of(lead.unit))
        went += _hand_over_if_it_still_waits(lead, desk.knowing(behaviour_for(lead, at, desk.measures)), by, at)
    return went


def in_deserted_queues(by: Actor) -> list[Lead]:
    """Leads in a queue from which nobody can take any more."""
    pooled = Lead.objects.filter(state=Lead.State.HANDED_OVER, is_pooled=True).visible_to(by)
    takers = User.objects.filter(
        is_active=True, takes_leads=True, role__in=WORKING_ROLES, units=OuterRef("unit")
    )  # fmt: skip
    of_team = takers.filter(teams=OuterRef("team"))
    deserted = Q(team=None) & ~Exists(takers) | Q(team__isnull=False) & ~Exists(of_team)
    return list(pooled.filter(deserted).order_by("handed_over_at", "pk"))


@transaction.atomic
def _hand_over_if_it_still_waits(lead: Lead, desk: Desk, by: Actor, at: datetime) -> bool:
    lock(lead)
    if lead.state == Lead.State.MARKETING_QUALIFIED:
        return hand_over(lead, desk=desk, by=by, at=at)
    if lead.state != Lead.State.HANDED_OVER or not lead.is_pooled:
        return False  # somebody was faster
    return desk.route(lead, lead.unit, at).is_made and hand_over(lead, desk=desk, by=by, at=at)
