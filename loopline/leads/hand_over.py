"""Handing a qualified lead to a named salesperson or into a queue, with the clock for the answer and the reasons."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Permission
from loopline.leads.changes import Move, lock, move, require_unit
from loopline.leads.clock import due_at
from loopline.leads.clocks import terms_of
from loopline.leads.hand_off_models import Assignment
from loopline.leads.known import facts_about
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError, require_move
from loopline.lib.times import utc_now
from loopline.routing.bench import Given, bench_of
from loopline.routing.decide import NOBODY, NOBODY_NOW, Decision, decide
from loopline.routing.rules import rules_of, ways
from loopline.routing.turns import RECENT
from loopline.routing.working_time import calendar_of
from loopline.rules.explain import judge
from loopline.rules.tree import Rule, measures_of

__all__ = ["NOBODY", "NOBODY_NOW", "hand_over", "hand_over_lead", "hand_over_waiting"]


@transaction.atomic
def hand_over_lead(lead: Lead, *, to: User | None = None, by: Actor, at: datetime | None = None) -> bool:
    """Hand a qualified lead to `to`, or where the routing rules say. False when there is nobody to take it.

    A lead that was handed over or accepted before goes to another owner with a new clock; then `to` must be given.
    """
    by.require(Permission.ASSIGN_LEADS)
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
    return hand_over(lead, to=to, by=by, at=at or utc_now())


def hand_over(lead: Lead, *, to: User | None = None, by: Actor, at: datetime) -> bool:
    """The same for a lead that is locked already, by someone who was asked for permission already."""
    require_move(lead, Lead.State.HANDED_OVER)
    unit = BusinessUnit.objects.select_for_update(no_key=True).get(
        pk=lead.unit_id
    )  # one at a time, so that turns are fair
    if to is not None:
        decision = Decision("", "", f"handed over by {by.name}"[:200], user_id=to.pk)
    else:
        decision = route(lead, unit, at)
        if not decision.is_made:
            return _leave_waiting(lead, decision, by, at)
    give(lead, unit, decision, by, at)
    return True


def route(lead: Lead, unit: BusinessUnit, at: datetime) -> Decision:
    """Where the rules of its business unit send the lead at `at`."""

    def fits(rule: Rule) -> tuple[bool | None, str]:
        verdict = judge(rule, facts_about(lead.person, unit, measures_of(rule), at, lead=lead))
        return verdict.is_met, verdict.reason

    bench = bench_of(unit)
    return decide(ways(rules_of(unit), fits, bench, handed_to([one.user_id for one in bench], at), at))


def handed_to(users: Sequence[UUID], at: datetime) -> Given:
    """When leads were last handed to each of them: all of the last days, and the last one before."""
    given: dict[UUID, list[datetime]] = defaultdict(list)
    longer_ago = at - RECENT - timedelta(days=1)
    leads = Lead.objects.filter(owner__in=users, handed_over_at__lte=at).order_by("handed_over_at")
    before = leads.filter(handed_over_at__lte=longer_ago).order_by().values_list("owner")
    pairs = [*before.annotate(last=Max("handed_over_at"))]
    pairs += leads.filter(handed_over_at__gt=longer_ago).values_list("owner", "handed_over_at")
    for owner_id, moment in pairs:
        if owner_id is not None and moment is not None:
            given[owner_id].append(moment)
    return given


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
    """Hand over every qualified lead that waits for a salesperson, the oldest first; how many went."""
    waiting = Lead.objects.without_salesperson().visible_to(by)
    return sum(_hand_over_if_it_still_waits(lead, by, at or utc_now()) for lead in waiting)


@transaction.atomic
def _hand_over_if_it_still_waits(lead: Lead, by: Actor, at: datetime) -> bool:
    by.require(Permission.ASSIGN_LEADS)
    lock(lead)
    return lead.state == Lead.State.MARKETING_QUALIFIED and hand_over(lead, by=by, at=at)
