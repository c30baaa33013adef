"""What a huddle decides: by whom, until when, what it should change, and both sides' approval."""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Permission
from loopline.huddles.agenda import Reason, Topic
from loopline.huddles.bounds import GUARD_RAIL, Bound
from loopline.huddles.changing import changed, open_for, require_unit
from loopline.huddles.models import Decision, Huddle
from loopline.leads.models import DefinitionVersion
from loopline.lib.times import utc_now
from loopline.pipeline.models import business_day

APPROVES = {"marketing": Permission.SIGN_FOR_MARKETING, "sales": Permission.SIGN_FOR_SALES}


@dataclass(frozen=True, slots=True)
class Measure:
    """How it will be seen whether it worked."""

    outcome: str
    """Key of `trial.OUTCOMES`."""
    expected_points: int | None = None
    design: str = Decision.Design.BEFORE_AFTER
    treated: tuple[User, ...] = ()
    control_unit: BusinessUnit | None = None
    bounds: tuple[Bound, ...] = ()
    """Guard-rail and condition for taking it back, where they are figures."""


@dataclass(frozen=True, slots=True)
class NewDecision:
    text: str
    owner: User
    due_on: date | None = None
    expected_effect: str = ""
    guard_rail: str = ""
    reversal: str = ""
    measure: Measure | None = field(default=None)
    definition: DefinitionVersion | None = None
    """The version of the lead definition that it proposes."""


@transaction.atomic
def add_decision(huddle: Huddle, new: NewDecision, *, by: Actor, at: datetime | None = None) -> Decision:
    """What was decided, who does it until when, and what it should change."""
    by.require(Permission.RUN_HUDDLE)
    at = at or utc_now()
    huddle = open_for(by, huddle)
    if not new.text.strip():
        raise ValueError("A decision says what is to be done.")
    if not new.owner.actor.covers_unit(huddle.unit_id):
        raise NotAllowedError(f"{new.owner.name} does not work for {huddle.unit}. Choose someone who does.")
    _check_compared(huddle, new.measure, by)
    decision = Decision(
        unit=huddle.unit, huddle=huddle, text=new.text.strip(), owner=new.owner, due_on=new.due_on,
        expected_effect=new.expected_effect.strip(), guard_rail=new.guard_rail.strip(),
        reversal=new.reversal.strip(), definition=new.definition, created_at=at,
    )  # fmt: skip
    if new.measure is not None:
        _measured(decision, new.measure, at)
    decision.save(force_insert=True)
    if new.measure is not None:
        decision.treated.set(new.measure.treated)
    audit(by, "add_decision", decision, at=at, text=decision.text, owner=new.owner.pk, due_on=new.due_on,
          outcome=decision.outcome, design=decision.design)  # fmt: skip
    changed(huddle)
    return decision


def _check_compared(huddle: Huddle, measure: Measure | None, by: Actor) -> None:
    """What a review compares with tells how others did: only of units and colleagues that one may see."""
    if measure is None:
        return
    if measure.control_unit is not None and not by.covers_unit(measure.control_unit.pk):
        raise NotAllowedError(f"{by.name} may not compare with {measure.control_unit}. Choose a unit of your own.")
    for user in measure.treated:
        if not user.actor.covers_unit(huddle.unit_id):
            raise NotAllowedError(f"{user.name} does not work for {huddle.unit}. Choose someone who does.")


def _measured(decision: Decision, measure: Measure, at: datetime) -> None:
    from loopline.huddles.reviews import power_now  # reviews read decisions

    decision.outcome, decision.design = measure.outcome, measure.design
    decision.expected_points, decision.control_unit = measure.expected_points, measure.control_unit
    for bound in measure.bounds:
        if bound.kind == GUARD_RAIL:
            decision.guard_outcome, decision.guard_percent = bound.outcome, bound.percent
        else:
            decision.reversal_outcome, decision.reversal_percent = bound.outcome, bound.percent
    decision.starts_at = None if decision.definition is not None else at
    decision.power = power_now(decision.unit, measure.outcome, measure.expected_points, at)


@transaction.atomic
def approve_decision(decision: Decision, side: str, *, by: Actor, at: datetime | None = None) -> None:
    """One side says yes. Nobody says it for both: marketing and sales each have their own."""
    by.require(APPROVES[side])
    take_turn()
    decision.refresh_from_db(from_queryset=Decision.objects.select_for_update())
    require_unit(by, decision.unit)
    other = decision.sales_approval if side == "marketing" else decision.marketing_approval
    if other == by.name:
        raise NotAllowedError(f"{by.name} approved it for the other side. Ask somebody of {side}.")
    if side == "marketing":
        decision.marketing_approval = by.name
    else:
        decision.sales_approval = by.name
    decision.save(update_fields=["marketing_approval", "sales_approval"])
    audit(by, "approve_decision", decision, at=at, side=side)
    if decision.huddle.is_open:
        changed(decision.huddle)


@transaction.atomic
def finish_decision(decision: Decision, *, by: Actor, at: datetime | None = None) -> None:
    """It is done. Its owner and whoever runs huddles may say so; twice changes nothing."""
    by.require(Permission.SEE_HUDDLE)
    at = at or utc_now()
    take_turn()
    decision.refresh_from_db(from_queryset=Decision.objects.select_for_update())
    require_unit(by, decision.unit)
    if str(decision.owner_id) != by.id and not by.may(Permission.RUN_HUDDLE):
        raise NotAllowedError(f"This was promised by {decision.owner}. Ask them, or whoever runs the huddle.")
    if decision.done_at is not None:
        return
    mark_done(decision, by=by, at=at)
    open_one = Huddle.objects.filter(unit=decision.unit, closed_at__isnull=True).first()
    if open_one is not None:
        changed(open_one)


def mark_done(decision: Decision, *, by: Actor, at: datetime) -> None:
    """Done, its task with it. One that changes the definition is measured from when that came into force."""
    decision.done_at = at
    if decision.outcome and decision.definition is not None:
        decision.starts_at = decision.definition.in_force_from
    decision.save(update_fields=["done_at", "starts_at"])
    if decision.task is not None and decision.task.done_at is None:
        decision.task.done_at = at
        decision.task.save(update_fields=["done_at"])
    audit(by, "finish_decision", decision, at=at)


def due_promises(unit: BusinessUnit, at: datetime) -> list[Topic]:
    """What was promised until today and is not done."""
    today = business_day(at)
    due = Decision.objects.filter(unit=unit, due_on__lte=today, created_at__lt=at).select_related("task")
    return [Topic("promises", str(one.pk), (Reason("promise", one.text[:80]),)) for one in due if not one.is_done]
