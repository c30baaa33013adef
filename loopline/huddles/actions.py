"""What is done in a huddle: open it with frozen figures, turn to a card, go through every lead, close with minutes."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from loopline.access.actor import SYSTEM, Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, Organisation
from loopline.access.roles import Permission
from loopline.huddles.agenda import CARD_KEYS, Agenda, agenda
from loopline.huddles.changing import HuddleStateError, changed, open_for, require_unit
from loopline.huddles.deals import deal_topics, deals_to_discuss, shown_deals
from loopline.huddles.decisions import due_promises
from loopline.huddles.figures import key_figures
from loopline.huddles.first_tries import first_tries
from loopline.huddles.known import Known, known_before, partner_leads
from loopline.huddles.listing import Listed, Meeting, frozen, leads_to_discuss, quiet_entries
from loopline.huddles.minutes import write_minutes
from loopline.huddles.minutes_mail import send_minutes
from loopline.huddles.models import Decision, Huddle, HuddleLead, HuddleSeries
from loopline.huddles.scorecard_mail import send_scorecards
from loopline.leads.models import DefinitionVersion
from loopline.lib.times import utc_now
from loopline.pipeline.tasks import NewTask, create_task

USUAL_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Said:
    """What both sides say about a lead."""

    disposition: str
    sales_note: str = ""
    marketing_note: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A huddle as it would be if it opened now."""

    meeting: Meeting
    listed: tuple[Listed, ...]
    agenda: Agenda
    snapshot: dict[str, Any]


def meeting_of(unit: BusinessUnit, series: HuddleSeries | None = None) -> Meeting:
    """What the huddle of a unit or a series is about. Raises StoreError where a partner's leads are not known."""
    return Meeting(unit, series, partner_leads(series))


def prepare(meeting: Meeting, at: datetime, known: Known | None = None) -> Prepared:
    """The list with its reasons, the agenda within the minutes there are, and the figures everybody looks at."""
    known = known or Known()
    listed = leads_to_discuss(meeting, at, known.usual)
    deals = deals_to_discuss(meeting, at, known.usual)
    minutes = meeting.series.minutes if meeting.series else USUAL_MINUTES
    topics = [*(one.topic(known.usual) for one in listed), *deal_topics(deals), *due_promises(meeting.unit, at)]
    planned = agenda(topics, minutes)
    within = {placed.topic.key for placed in planned.placed if placed.is_within}
    listed = [replace(one, is_within=not one.reasons or str(one.lead.pk) in within) for one in listed]
    no_time = sum(1 for one in listed if one.is_older and not one.is_within)
    listed = [one for one in listed if one.is_within or not one.is_older]
    own = [one.lead for one in listed if not (one.is_carried or one.is_older)]
    snapshot = {
        **key_figures(meeting.unit, own, meeting.since(at), at),
        "agenda": {
            "minutes": minutes,
            "cards": planned.card_minutes,
            "topics": len(planned.placed),
            "within": len(within),
            "older_without_time": no_time,
        },
        "deals": shown_deals(deals, planned),
        "definition": _definition(meeting.unit),
        **known.parts,
    }
    return Prepared(meeting, tuple(listed), planned, snapshot)


def _definition(unit: BusinessUnit) -> dict[str, Any]:
    versions = DefinitionVersion.objects.filter(unit=unit)
    in_force = versions.filter(status=DefinitionVersion.Status.IN_FORCE).first()
    open_ones = versions.filter(status__in=["draft", "proposed", "agreed"]).order_by("-number")
    return {
        "id": str(in_force.pk) if in_force else "",
        "number": in_force.number if in_force else None,
        "sentence": in_force.sentence if in_force else "",
        "signers": in_force.signers if in_force else "",
        "open": [
            {"id": str(one.pk), "number": one.number, "status": one.status_label, "sentence": one.sentence}
            for one in open_ones
        ],
    }


def open_huddle(
    unit: BusinessUnit, *, series: HuddleSeries | None = None, by: Actor, at: datetime | None = None
) -> Huddle:
    """Freeze the leads handed over since the last huddle opened, why they are talked about, and all figures."""
    by.require(Permission.RUN_HUDDLE)
    require_unit(by, unit)
    at = at or utc_now()
    meeting = meeting_of(unit, series)
    # The event store is asked before the records are locked: nobody waits for it.
    return _open(meeting, known_before(meeting, at), by, at)


@transaction.atomic
def _open(meeting: Meeting, known: Known, by: Actor, at: datetime) -> Huddle:
    take_turn()
    unit = BusinessUnit.objects.select_for_update(no_key=True).get(pk=meeting.unit.pk)
    running = Huddle.objects.filter(unit=unit, series=meeting.series, closed_at__isnull=True).first()
    if running is not None:
        raise HuddleStateError(
            f"A huddle of {meeting.series or unit} is open since {running.opened_at:%d %b %H:%M} UTC. "
            "Go on with that one."
        )
    ready = prepare(meeting, at, known)
    huddle = Huddle(
        unit=unit, series=meeting.series, since=meeting.since(at), opened_at=at, opened_by_name=by.name, card_since=at,
        minutes_available=ready.snapshot["agenda"]["minutes"], snapshot=ready.snapshot,
    )  # fmt: skip
    tries = first_tries(huddle)
    huddle.tried = {"first": tries} if tries else {}
    huddle.save(force_insert=True)
    HuddleLead.objects.bulk_create(
        HuddleLead(huddle=huddle, lead=one.lead, place=place, frozen=frozen(one, at))
        for place, one in enumerate(ready.listed, start=1)
    )
    audit(by, "open_huddle", huddle, at=at, leads=len(ready.listed), series=str(meeting.series or ""))
    return huddle


@transaction.atomic
def turn_to(huddle: Huddle, card: str, *, by: Actor, at: datetime | None = None) -> None:
    """Everybody looks at this card from now on; its timer begins."""
    by.require(Permission.RUN_HUDDLE)
    if card not in CARD_KEYS:
        raise ValueError(f"“{card}” is not one of {', '.join(CARD_KEYS)}")
    huddle = open_for(by, huddle)
    if huddle.card == card:
        return
    huddle.card, huddle.card_since = card, at or utc_now()
    huddle.save(update_fields=["card", "card_since"])
    audit(by, "turn_huddle", huddle, at=at, card=card)
    changed(huddle)


@transaction.atomic
def dispose_lead(entry: HuddleLead, said: Said, *, by: Actor, at: datetime | None = None) -> None:
    """Write down what both sides say about a lead; saying it again replaces it."""
    by.require(Permission.SEE_HUDDLE)
    at = at or utc_now()
    if said.disposition not in HuddleLead.Disposition.values:
        raise ValueError(f"“{said.disposition}” is not one of {', '.join(HuddleLead.Disposition.values)}")
    huddle = open_for(by, entry.huddle)
    entry.refresh_from_db(from_queryset=HuddleLead.objects.select_for_update())
    entry.disposition, entry.sales_note, entry.marketing_note = (
        said.disposition, said.sales_note.strip(), said.marketing_note.strip(),
    )  # fmt: skip
    entry.disposed_by_name, entry.disposed_at = by.name, at
    entry.save()
    audit(by, "dispose_lead", huddle, at=at, lead=entry.lead_id, disposition=said.disposition)
    changed(huddle)


@transaction.atomic
def dispose_quiet(huddle: Huddle, *, by: Actor, at: datetime | None = None) -> int:
    """Every lead that there is no reason to talk about is on track, in one go; how many there were."""
    by.require(Permission.RUN_HUDDLE)
    at = at or utc_now()
    huddle = open_for(by, huddle)
    quiet = quiet_entries(huddle)
    for entry in quiet:
        entry.disposition = HuddleLead.Disposition.ON_TRACK
        entry.disposed_by_name, entry.disposed_at = by.name, at
    HuddleLead.objects.bulk_update(quiet, ["disposition", "disposed_by_name", "disposed_at"])
    if quiet:
        audit(by, "dispose_quiet_leads", huddle, at=at, leads=[str(entry.lead_id) for entry in quiet])
        changed(huddle)
    return len(quiet)


@transaction.atomic
def close_huddle(huddle: Huddle, *, carry_over: bool = False, by: Actor, at: datetime | None = None) -> None:
    """Write the minutes and give every decision's owner the task. Raises HuddleStateError while leads are left,
    unless they are to be carried over: then they come first next time."""
    by.require(Permission.RUN_HUDDLE)
    at = at or utc_now()
    open_for(by, huddle)
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
    send_minutes(huddle, at=at)
    send_scorecards(huddle, at=at)
    audit(by, "close_huddle", huddle, at=at, leads=len(entries), carried_over=len(left), decisions=len(decisions))
    changed(huddle)


def _give_task(decision: Decision, at: datetime) -> None:
    """The owner's task. Loopline gives it: whoever runs the huddle need not be someone who may give tasks. What was
    done in the huddle itself, such as a definition put in force, needs none."""
    if decision.is_done:
        return
    new = NewTask(decision.unit, decision.text[:200], decision.owner, due_on=decision.due_on)
    decision.task = create_task(new, by=SYSTEM, at=at)
    decision.save(update_fields=["task"])


def _left_over(left: list[HuddleLead]) -> str:
    names = ", ".join(str(entry.frozen.get("person", entry.lead)) for entry in left[:5])
    more = f" and {len(left) - 5} more" if len(left) > 5 else ""
    count = f"{len(left)} lead has" if len(left) == 1 else f"{len(left)} leads have"
    return f"{count} no answer yet: {names}{more}. Go through them, or carry them over to the next huddle."
