"""What is done in a huddle: open it with frozen figures, go through every lead, decide, close with minutes."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from loopline.access.actor import SYSTEM, Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, Organisation, User
from loopline.access.roles import Permission
from loopline.huddles.figures import key_figures
from loopline.huddles.listing import frozen, last_huddle, leads_to_discuss, since
from loopline.huddles.minutes import write_minutes
from loopline.huddles.models import Decision, Huddle, HuddleLead
from loopline.lib.times import utc_now
from loopline.pipeline.tasks import NewTask, create_task


class HuddleStateError(ValueError):
    """The huddle is not in the state for this; the message is fit to show."""


@dataclass(frozen=True, slots=True)
class Said:
    """What both sides say about a lead."""

    disposition: str
    sales_note: str = ""
    marketing_note: str = ""


@dataclass(frozen=True, slots=True)
class NewDecision:
    text: str
    owner: User
    due_on: date | None = None
    expected_effect: str = ""


@transaction.atomic
def open_huddle(unit: BusinessUnit, *, by: Actor, at: datetime | None = None) -> Huddle:
    """Freeze the leads handed over since the last huddle opened, and the figures everybody looks at."""
    by.require(Permission.RUN_HUDDLE)
    at = at or utc_now()
    take_turn()
    unit = BusinessUnit.objects.select_for_update(no_key=True).get(pk=unit.pk)
    _require_unit(by, unit)
    last = last_huddle(unit)
    if last is not None and last.is_open:
        raise HuddleStateError(
            f"A huddle of {unit} is open since {last.opened_at:%d %b %H:%M} UTC. Go on with that one."
        )
    listed, begins = leads_to_discuss(unit, at), since(unit, at)
    huddle = Huddle(unit=unit, since=begins, opened_at=at, opened_by_name=by.name)
    huddle.snapshot = key_figures(unit, [lead for lead, is_carried in listed if not is_carried], begins, at)
    huddle.save(force_insert=True)
    HuddleLead.objects.bulk_create(
        HuddleLead(huddle=huddle, lead=lead, place=place, frozen=frozen(lead, at, is_carried_over=is_carried))
        for place, (lead, is_carried) in enumerate(listed, start=1)
    )
    audit(by, "open_huddle", huddle, at=at, leads=len(listed))
    return huddle


@transaction.atomic
def dispose_lead(entry: HuddleLead, said: Said, *, by: Actor, at: datetime | None = None) -> None:
    """Write down what both sides say about a lead; saying it again replaces it."""
    by.require(Permission.SEE_HUDDLE)
    at = at or utc_now()
    if said.disposition not in HuddleLead.Disposition.values:
        raise ValueError(f"“{said.disposition}” is not one of {', '.join(HuddleLead.Disposition.values)}")
    huddle = _open(entry.huddle, by)
    entry.refresh_from_db(from_queryset=HuddleLead.objects.select_for_update())
    entry.disposition, entry.sales_note, entry.marketing_note = (
        said.disposition, said.sales_note.strip(), said.marketing_note.strip(),
    )  # fmt: skip
    entry.disposed_by_name, entry.disposed_at = by.name, at
    entry.save()
    audit(by, "dispose_lead", huddle, at=at, lead=entry.lead_id, disposition=said.disposition)


@transaction.atomic
def add_decision(huddle: Huddle, new: NewDecision, *, by: Actor, at: datetime | None = None) -> Decision:
    """What was decided, who does it until when, and what it should change."""
    by.require(Permission.RUN_HUDDLE)
    at = at or utc_now()
    huddle = _open(huddle, by)
    if not new.text.strip():
        raise ValueError("A decision says what is to be done.")
    if not new.owner.actor.covers_unit(huddle.unit_id):
        raise NotAllowedError(f"{new.owner.name} does not work for {huddle.unit}. Choose someone who does.")
    decision = Decision.objects.create(
        unit=huddle.unit, huddle=huddle, text=new.text.strip(), owner=new.owner, due_on=new.due_on,
        expected_effect=new.expected_effect.strip(), created_at=at,
    )  # fmt: skip
    audit(by, "add_decision", decision, at=at, text=decision.text, owner=new.owner.pk, due_on=new.due_on)
    return decision


@transaction.atomic
def finish_decision(decision: Decision, *, by: Actor, at: datetime | None = None) -> None:
    """It is done. Its owner and whoever runs huddles may say so; twice changes nothing."""
    by.require(Permission.SEE_HUDDLE)
    at = at or utc_now()
    take_turn()
    decision.refresh_from_db(from_queryset=Decision.objects.select_for_update())
    _require_unit(by, decision.unit)
    if str(decision.owner_id) != by.id and not by.may(Permission.RUN_HUDDLE):
        raise NotAllowedError(f"This was promised by {decision.owner}. Ask them, or whoever runs the huddle.")
    if decision.done_at is not None:
        return
    decision.done_at = at
    decision.save(update_fields=["done_at"])
    if decision.task is not None and decision.task.done_at is None:
        decision.task.done_at = at
        decision.task.save(update_fields=["done_at"])
    audit(by, "finish_decision", decision, at=at)


@transaction.atomic
def close_huddle(huddle: Huddle, *, carry_over: bool = False, by: Actor, at: datetime | None = None) -> None:
    """Write the minutes and give every decision's owner the task. Raises HuddleStateError while leads are left,
    unless they are to be carried over: then they come first next time."""
    by.require(Permission.RUN_HUDDLE)
    at = at or utc_now()
    _open(huddle, by)
    entries = list(huddle.leads.select_related("lead__person"))
    left = [entry for entry in entries if not entry.disposition]
    if left and not carry_over:
        raise HuddleStateError(_left_over(left))
    decisions = list(huddle.decisions.select_related("owner"))
    huddle.closed_at, huddle.closed_by_name = at, by.name
    huddle.minutes = write_minutes(huddle, entries, decisions, Organisation.current().time_zone)
    huddle.save()
    for decision in decisions:
        _give_task(decision, at)
    audit(by, "close_huddle", huddle, at=at, leads=len(entries), carried_over=len(left), decisions=len(decisions))


def _give_task(decision: Decision, at: datetime) -> None:
    """The owner's task. Loopline gives it: whoever runs the huddle need not be someone who may give tasks."""
    new = NewTask(decision.unit, decision.text[:200], decision.owner, due_on=decision.due_on)
    decision.task = create_task(new, by=SYSTEM, at=at)
    decision.save(update_fields=["task"])


def _left_over(left: list[HuddleLead]) -> str:
    names = ", ".join(str(entry.frozen.get("person", entry.lead)) for entry in left[:5])
    more = f" and {len(left) - 5} more" if len(left) > 5 else ""
    count = f"{len(left)} lead has" if len(left) == 1 else f"{len(left)} leads have"
    return f"{count} no answer yet: {names}{more}. Go through them, or carry them over to the next huddle."


def _open(huddle: Huddle, by: Actor) -> Huddle:
    take_turn()
    huddle.refresh_from_db(from_queryset=Huddle.objects.select_for_update())
    _require_unit(by, huddle.unit)
    if not huddle.is_open:
        raise HuddleStateError("This huddle is closed; its minutes stay as they are. Open the next one.")
    return huddle


def _require_unit(by: Actor, unit: BusinessUnit) -> None:
    if not by.covers_unit(unit.pk):
        raise NotAllowedError(f"{by.name} does not work for {unit}. Ask an administrator for that business unit.")
