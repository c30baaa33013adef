"""The definition desk of a huddle: a changed clause tried on the frozen past, proposed as a decision, signed, in force.

What was tried is kept with the huddle, so that all screens show the same answer and nobody asks for it twice. Every
answer is about the half year before the huddle opened, as the event store knew it then.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
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
from loopline.leads.variants import Variant, offered, variant
from loopline.lib.times import utc_now
from loopline.reports.what_if.run import Asked, WhatIf, what_if
from loopline.rules.definition import definition_json
from loopline.store.current import engine
from loopline.store.engine import StoreError

WINDOW = timedelta(days=182)
NAMES = 5
MOST_TRIED = 20
MOST_FIRST = 3
"""So many are tried before anybody asks, until one would change something."""
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


def first_tries(clause: DeskClause, offers: Sequence[Variant]) -> list[Variant]:
    """What is tried before anybody asks: what sales sends back asks for more, what never passed for less."""
    wants_tighter = clause.sent_back > 0
    return [one for one in offers if one.is_tighter == wants_tighter and one.instead_of] or list(offers)


def prepare_try(huddle: Huddle, *, by: Actor) -> None:
    """Have the answer for the clause that causes most rejections ready when the huddle comes to it.

    Where the event store does not answer, the desk says so when somebody tries a change there.
    """
    by.require(Permission.RUN_HUDDLE)
    with suppress(StoreError):
        for key, answer in first_answers(huddle):
            _keep(huddle, key, answer, by)


def first_answers(huddle: Huddle) -> Iterator[tuple[str, dict[str, Any]]]:
    """Changes of the clause that causes most rejections with their answers (`told`), until one would change something.

    Reads the snapshot of the huddle and when it opens, which may be still to come. Raises StoreError.
    """
    version = frozen_definition(huddle)
    worst = next(iter(desk_clauses(huddle, version)), None) if version else None
    if version is None or worst is None or not (worst.sent_back or worst.kept_below):
        return
    for edits, wanted in enumerate(first_tries(worst, offered(version.definition, worst.place))[:MOST_FIRST]):
        answer = _answer(huddle, version, wanted, edits)
        yield wanted.key, answer
        if _says_something(answer):
            return


def _says_something(answer: Mapping[str, Any]) -> bool:
    """Some leads would have fared otherwise."""
    return any(cell["n"] for cell in answer["cells"] if cell["key"].startswith("only"))


def try_change(huddle: Huddle, key: str, *, by: Actor) -> None:
    """Show everybody what this change would have done. Raises RuleError for a change that cannot be, HuddleStateError
    where there is no definition, StoreError."""
    by.require(Permission.RUN_HUDDLE)
    wanted, version = _wanted(huddle, key)
    answers = huddle.tried.get("answers", {})
    # The event store is asked before the records are locked: nobody waits for it.
    answer = answers.get(key) or _answer(huddle, version, wanted, edits=len(answers))
    _keep(huddle, key, answer, by)


def _wanted(huddle: Huddle, key: str) -> tuple[Variant, DefinitionVersion]:
    version = frozen_definition(huddle)
    if version is None:
        raise HuddleStateError("No definition was in force when this huddle opened, so there is nothing to change.")
    return variant(version.definition, key), version


def _answer(huddle: Huddle, version: DefinitionVersion, wanted: Variant, edits: int) -> dict[str, Any]:
    first, end = window(huddle)
    asked = Asked(str(huddle.unit_id), first, end, _as_of(huddle), FREE_MAIL, edits)
    return told(what_if(engine(), version.definition, wanted.definition, asked), wanted)


def window(huddle: Huddle) -> tuple[datetime, datetime]:
    """The past that every change is tried on."""
    return huddle.opened_at - WINDOW, huddle.opened_at


def _as_of(huddle: Huddle) -> datetime:
    """What the store knew when the huddle opened."""
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
    put_in_force(version, review_on=(at + timedelta(weeks=weeks)).date(), by=by, at=at)
    follow_version(version, by=by, at=at)


def _version_of(decision: Decision) -> DefinitionVersion:
    take_turn()
    if decision.definition is None:
        raise HuddleStateError("This decision changes no definition.")
    return decision.definition
