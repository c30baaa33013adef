"""The definition desk of a huddle: a changed clause tried on the frozen past, proposed as a decision, signed, in force.

What was tried is kept with the huddle, so that all screens show the same answer and nobody asks for it twice. Every
answer is about the half year before the huddle opened, as the event store knew it then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.huddles.changing import HuddleStateError, changed, open_for
from loopline.huddles.decisions import NewDecision, add_decision
from loopline.huddles.definition_news import follow_version
from loopline.huddles.models import Decision, Huddle
from loopline.leads.definition import clause_words
from loopline.leads.definition_actions import (
    Side,
    draft_definition,
    propose_definition,
    put_in_force,
    sign_definition,
)
from loopline.leads.models import DefinitionVersion
from loopline.leads.rejudge import FREE_MAIL
from loopline.leads.variants import Variant, variant
from loopline.lib.times import local_day, period_bounds, utc_now
from loopline.reports.what_if.run import Asked, WhatIf, what_if
from loopline.rules.definition import definition_json
from loopline.store.current import engine

WINDOW = timedelta(days=182)
NAMES = 5
MOST_TRIED = 20
REVIEW_WEEKS = 6
"""A changed definition is looked at again after so many weeks, where nobody can say when it would show."""


@dataclass(frozen=True, slots=True)
class DeskClause:
    """A clause of the frozen definition, and how many leads it cost."""

    place: int
    words: str
    sent_back: int
    """Sales sent so many back for it."""
    kept_below: int
    """So many new leads did not meet it."""


def frozen_definition(huddle: Huddle) -> DefinitionVersion | None:
    """The version that was in force when the huddle opened."""
    key = huddle.snapshot.get("definition", {}).get("id")
    return DefinitionVersion.objects.filter(pk=key, unit=huddle.unit_id).first() if key else None


def versions_talked_about(huddle: Huddle) -> QuerySet[DefinitionVersion]:
    """Those that were drafted, proposed or agreed when it opened, as they stand now: signing one is no figure."""
    keys = [one["id"] for one in huddle.snapshot.get("definition", {}).get("open", ())]
    return DefinitionVersion.objects.filter(pk__in=keys, unit=huddle.unit_id).order_by("number")


def desk_clauses(huddle: Huddle, version: DefinitionVersion) -> list[DeskClause]:
    """Its clauses, the one that causes most rejections first: what sales sent back counts before what never passed."""
    back, below = (dict(huddle.snapshot.get(key, ())) for key in ("rejection_clauses", "failing_clauses"))
    words = [clause_words(clause) for clause in version.definition.clauses]
    found = [DeskClause(place, one, back.get(one, 0), below.get(one, 0)) for place, one in enumerate(words)]
    return sorted(found, key=lambda one: (-one.sent_back, -one.kept_below, one.place))


def try_change(huddle: Huddle, key: str, *, by: Actor) -> None:
    """Show everybody what this change would have done. Raises RuleError for a change that cannot be, HuddleStateError
    where there is no definition, StoreError."""
    by.require(Permission.RUN_HUDDLE)
    answers = huddle.tried.get("answers", {})
    # The event store is asked before the records are locked: nobody waits for it.
    _keep(huddle, key, answers.get(key) or answer_to(huddle, key, edits=len(answers)), by)


def _wanted(huddle: Huddle, key: str) -> tuple[Variant, DefinitionVersion]:
    version = frozen_definition(huddle)
    if version is None:
        raise HuddleStateError("No definition was in force when this huddle opened, so there is nothing to change.")
    return variant(version.definition, key), version


def answer_to(huddle: Huddle, key: str, *, edits: int) -> dict[str, Any]:
    """What this change would have done, after `edits` others were tried. Raises as `try_change` does."""
    wanted, version = _wanted(huddle, key)
    return told(what_if(engine(), version.definition, wanted.definition, asked_of(huddle, edits)), wanted)


def asked_of(huddle: Huddle, edits: int = 0) -> Asked:
    """The past of the huddle: the same for every change, and for the page of a what-if that is opened from it."""
    bounds = period_bounds(*days_tried(huddle), Organisation.current().time_zone)
    return Asked(str(huddle.unit_id), *bounds, frozen_moment(huddle), FREE_MAIL, edits)


def days_tried(huddle: Huddle) -> tuple[date, date]:
    """First and last day of the past that every change is tried on: whole days, as the page of a what-if has them."""
    last = local_day(huddle.opened_at, Organisation.current().time_zone)
    return last - WINDOW, last


def frozen_moment(huddle: Huddle) -> datetime:
    """As of when the figures of the huddle are: what the store knew when it opened."""
    known = huddle.snapshot.get("as_of")
    return datetime.fromisoformat(known) if isinstance(known, str) else huddle.opened_at


def told(found: WhatIf, wanted: Variant) -> dict[str, Any]:
    """The answer as the screens show it and the records keep it."""
    comparison = found.comparison
    return {
        "words": wanted.words,
        "instead_of": wanted.instead_of,
        "text": found.verdict.text,
        "caveat": found.verdict.caveat,
        "warnings": list(found.verdict.warnings),
        "n": comparison.n,
        "mature": comparison.mature_outcomes,
        "cells": [
            {"key": cell.key, "n": cell.n, "accepted": cell.accepted, "won": cell.won,
             "revenue_minor": cell.revenue_minor, "without_outcome": cell.without_outcome}
            for cell in comparison.cells
        ],
        "refused_wins": [[one.id, one.revenue_minor] for one in comparison.refused_wins[:NAMES]],
        "kept_losers": [[one.id, one.reason] for one in comparison.kept_losers[:NAMES]],
    }  # fmt: skip


@transaction.atomic
def _keep(huddle: Huddle, key: str, answer: Mapping[str, Any], by: Actor) -> None:
    huddle = open_for(by, huddle)
    answers = dict(huddle.tried.get("answers", {}))
    answers.pop(key, None)
    kept = dict([*answers.items(), (key, answer)][-MOST_TRIED:])
    huddle.tried = {"now": key, "answers": kept}
    huddle.save(update_fields=["tried"])
    audit(by, "try_definition_change", huddle, change=answer["words"])
    changed(huddle)


@transaction.atomic
def decide_change(huddle: Huddle, key: str, new: NewDecision, *, by: Actor, at: datetime | None = None) -> Decision:
    """Write the change down as a decision and put it before both sides as a version of the definition, with the
    examples of the one in force. Raises RuleError, HuddleStateError, DefinitionStateError, NotAllowedError."""
    at = at or utc_now()
    huddle = open_for(by, huddle)
    wanted, version = _wanted(huddle, key)
    because = f"{new.text.strip()} (decided in the huddle of {huddle.opened_at:%d %b %Y})"
    if is_proposed(huddle, wanted):
        raise HuddleStateError("This change is proposed already: sign it above.")
    draft = draft_definition(
        huddle.unit, definition_json(wanted.definition), examples=version.example_leads, because=because, by=by, at=at
    )
    propose_definition(draft, by=by, at=at)
    return add_decision(huddle, replace(new, definition=draft), by=by, at=at)


def changes_of(huddle: Huddle) -> QuerySet[Decision]:
    """Its decisions that change the definition."""
    return huddle.decisions.filter(definition__isnull=False).select_related("definition", "owner", "huddle__unit")


def is_proposed(huddle: Huddle, wanted: Variant) -> bool:
    """This huddle has proposed the change, and nobody took that back."""
    rules = definition_json(wanted.definition)
    versions = [one.definition for one in changes_of(huddle) if one.definition is not None]
    return any(one.rules == rules and one.status != DefinitionVersion.Status.SUPERSEDED for one in versions)


@transaction.atomic
def sign_change(decision: Decision, side: Side, *, by: Actor, at: datetime | None = None) -> None:
    """One side agrees to the decision and signs its version of the definition, in one go."""
    at = at or utc_now()
    version = _version_of(decision)
    sign_definition(version, side, by=by, at=at)
    follow_version(version, by=by, at=at)


@transaction.atomic
def adopt_change(decision: Decision, *, by: Actor, at: datetime | None = None) -> None:
    """New leads are judged by it from now on; the decision is done, and its review planned."""
    at = at or utc_now()
    version = _version_of(decision)
    weeks = decision.weeks_to_show or REVIEW_WEEKS
    put_in_force(
        version, review_on=local_day(at + timedelta(weeks=weeks), Organisation.current().time_zone), by=by, at=at
    )
    follow_version(version, by=by, at=at)


def _version_of(decision: Decision) -> DefinitionVersion:
    take_turn()
    if decision.definition is None:
        raise HuddleStateError("This decision changes no definition.")
    return decision.definition
