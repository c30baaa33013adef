"""Calls, mails, meetings and notes of salespeople.

An answered call and a meeting are touchpoints: they are reported as events, too, so that they are part of the route
and may earn credit. The record is written first; the event follows once it is committed. Should the process end in
between, the next report makes up for it: an interaction stays unreported until its event is on disk, and its event's
id is made from its own, so that reporting it twice adds nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from loopline.access.actor import SYSTEM, Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.collect.own import OwnEvent, report_events
from loopline.leads.clocks import touched
from loopline.lib.text import many_lines
from loopline.lib.times import utc_now
from loopline.people.models import Person
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.models import Interaction, Opportunity
from loopline.pipeline.record import require_unit

_NAMES = {Interaction.Kind.CALL: "Call answered", Interaction.Kind.MEETING: "Meeting held"}
_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Talk:
    """What is known of a call, mail, meeting or note."""

    unit: BusinessUnit
    person: Person
    kind: str
    """Of `Interaction.Kind`."""
    summary: str = ""
    was_answered: bool = True
    """False: nobody picked up, came, or answered; it is no touchpoint then."""
    opportunity: Opportunity | None = None
    happened_at: datetime | None = None
    """None: now."""


@transaction.atomic
def log_interaction(talk: Talk, *, by: Actor, at: datetime | None = None) -> Interaction:
    """Write down a call, mail, meeting or note. Raises NotAllowedError and PipelineError."""
    take_turn()
    moment = at or utc_now()
    by.require(Permission.EDIT_PEOPLE)
    require_unit(by, talk.unit)
    _check(talk, by, moment)
    interaction = Interaction.objects.create(
        unit=talk.unit,
        person=talk.person.merged_into or talk.person,
        opportunity=talk.opportunity,
        kind=talk.kind,
        was_answered=talk.was_answered,
        summary=many_lines(talk.summary, 10_000),
        by_id=None if by.id == SYSTEM.id else UUID(by.id),
        at=talk.happened_at or moment,
    )
    if talk.kind != Interaction.Kind.NOTE:
        touched(interaction.person.known_ids(), talk.unit.pk, interaction.at)
    audit(by, "log_interaction", interaction, at=moment, kind=talk.kind, was_answered=talk.was_answered)
    # Robust: a full disk must not undo what was written down; the event then waits for the next report.
    transaction.on_commit(partial(report_interactions, settings.CONFIG.data), robust=True)
    return interaction


def report_interactions(folder: Path, *, at: datetime | None = None) -> int:
    """Put every answered call and meeting that was not yet reported into the inbox in `folder`; how many there were.

    Called after each new one, and safe to call at any time from any process.
    """
    waiting = Interaction.objects.filter(reported_at__isnull=True, was_answered=True, kind__in=_NAMES).order_by("at")
    found = list(waiting[:_AT_A_TIME])
    if found:
        report_events(folder, [own_event(interaction) for interaction in found])
        ids = [interaction.pk for interaction in found]
        Interaction.objects.filter(pk__in=ids).update(reported_at=at or utc_now())
    return len(found)


def own_event(interaction: Interaction) -> OwnEvent:
    """An answered call or a meeting as an event. What was said stays in the record."""
    return OwnEvent(
        event_id=interaction.event_id,
        kind=interaction.kind,
        name=_NAMES[Interaction.Kind(interaction.kind)],
        unit_id=str(interaction.unit_id),
        occurred_at=interaction.at,
        touch_kind=interaction.kind,
        person_id=str(interaction.person_id),
        channel="Sales",
    )


def _check(talk: Talk, by: Actor, now: datetime) -> None:
    if talk.kind not in Interaction.Kind.values:
        raise PipelineError(f"There is no “{talk.kind}”; choose one of {', '.join(Interaction.Kind.values)}.")
    if not Person.objects.visible_to(by).filter(pk=talk.person.pk).exists():
        raise NotAllowedError(f"{by.name} may not see this person. Ask someone of the unit that knows them.")
    if talk.happened_at is not None and talk.happened_at > now:
        raise PipelineError("It cannot have happened in the future. Make a task of what you plan to do.")
    if talk.opportunity is not None and talk.opportunity.unit_id != talk.unit.pk:
        raise PipelineError("The opportunity belongs to another business unit.")
    if talk.kind == Interaction.Kind.NOTE and not talk.summary.strip():
        raise PipelineError("Write the note; it cannot be empty.")
