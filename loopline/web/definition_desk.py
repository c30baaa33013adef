"""The definition card of a running huddle: the clause in hand, its changes, the answer everybody looks at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from loopline.access.actor import Actor
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.huddles.definition_desk import (
    DeskClause,
    changes_of,
    days_tried,
    desk_clauses,
    frozen_definition,
    is_proposed,
)
from loopline.huddles.models import Decision, Huddle
from loopline.leads.models import DefinitionVersion, Lead
from loopline.leads.variants import Threshold, Variant, offered, thresholds, variant
from loopline.lib.amounts import money_whole_text
from loopline.rules.definition import Definition
from loopline.web.form_titles import with_titles
from loopline.web.forms.huddle import ChangeForm
from loopline.web.huddle_screen import names_for
from loopline.web.what_if_page import CELL_WORDS

Status = DefinitionVersion.Status


@dataclass(frozen=True, slots=True)
class Offer:
    variant: Variant
    is_shown: bool
    """Its answer is the one that everybody looks at."""
    is_tried: bool


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    address: str
    second: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A change that was proposed here, and what may be done with it."""

    decision: Decision
    version: DefinitionVersion
    sides: Sequence[str]
    """Sides for which the one who looks may sign now."""
    can_adopt: bool


@dataclass(frozen=True, slots=True)
class Desk:
    clause: DeskClause
    clauses: Sequence[DeskClause]
    offers: Sequence[Offer]
    numbers: Sequence[Threshold]
    answer: Mapping[str, Any]
    """What everybody looks at, of `definition_desk.told`; empty before anything was tried."""
    answer_key: str
    cells: Sequence[tuple[str, Mapping[str, Any]]]
    refused_wins: Sequence[Named]
    kept_losers: Sequence[Named]
    is_being_tried: bool
    """The answer to begin with is worked out and comes by itself."""
    days: tuple[date, date]
    """First and last day of the leads that are looked at."""
    currency: str
    form: ChangeForm | None
    """For proposing it; None for who may not, and for what is proposed already."""


def desk_of(huddle: Huddle, actor: Actor, asked_clause: str = "", form: ChangeForm | None = None) -> Desk | None:
    """None where no definition was in force when the huddle opened."""
    version = frozen_definition(huddle)
    if version is None:
        return None
    clauses, key = desk_clauses(huddle, version), str(huddle.tried.get("now", ""))
    answer = huddle.tried.get("answers", {}).get(key, {})
    clause = _in_hand(clauses, asked_clause or key.partition(":")[0])
    definition = version.definition
    tried = huddle.tried.get("answers", {})
    currency = Organisation.current().reporting_currency
    names = _names(answer, actor, huddle)
    wins = ((names.get(lead), money_whole_text(minor, currency)) for lead, minor in answer.get("refused_wins", ()))
    losers = ((names.get(lead), _reason(code)) for lead, code in answer.get("kept_losers", ()))
    return Desk(
        clause=clause,
        clauses=clauses,
        offers=[Offer(one, one.key == key, one.key in tried) for one in offered(definition, clause.place)],
        numbers=thresholds(definition, clause.place),
        answer=answer,
        answer_key=key,
        cells=[(CELL_WORDS[cell["key"]], cell) for cell in answer.get("cells", ())],
        refused_wins=[Named(*one, second) for one, second in wins if one],
        kept_losers=[Named(*one, second) for one, second in losers if one],
        is_being_tried="first" in huddle.tried,
        days=days_tried(huddle),
        currency=currency,
        form=form or _form(huddle, actor, definition, key),
    )


def _in_hand(clauses: Sequence[DeskClause], asked: str) -> DeskClause:
    """The clause asked for or tried last, else the one that causes most rejections."""
    return next((one for one in clauses if str(one.place) == asked), clauses[0])


def _names(answer: Mapping[str, Any], actor: Actor, huddle: Huddle) -> dict[str, tuple[str, str]]:
    keys = [lead for name in ("refused_wins", "kept_losers") for lead, _ in answer.get(name, ())]
    return names_for(keys, actor, huddle.unit_id)


def _reason(code: str) -> str:
    return str(Lead.Reason(code).label) if code in Lead.Reason.values else "lost"


def _form(huddle: Huddle, actor: Actor, definition: Definition, key: str) -> ChangeForm | None:
    if not key or not actor.may(Permission.RUN_HUDDLE) or not actor.may(Permission.EDIT_DEFINITION):
        return None
    wanted = variant(definition, key)
    if is_proposed(huddle, wanted):
        return None
    text = f"Change the lead definition: {with_titles(wanted.told)}"
    return ChangeForm(unit=huddle.unit, initial={"text": text, "owner": actor.id})


def proposed_changes(huddle: Huddle, actor: Actor) -> list[Proposed]:
    return [_proposed(one, one.definition, actor) for one in changes_of(huddle) if one.definition is not None]


def _proposed(decision: Decision, version: DefinitionVersion, actor: Actor) -> Proposed:
    signatures = (
        ("marketing", Permission.SIGN_FOR_MARKETING, version.marketing_signature, version.sales_signature),
        ("sales", Permission.SIGN_FOR_SALES, version.sales_signature, version.marketing_signature),
    )
    sides = [
        side
        for side, permission, own, other in signatures
        if version.status == Status.PROPOSED and not own and other != actor.name and actor.may(permission)
    ]
    can_adopt = version.status == Status.AGREED and actor.may(Permission.EDIT_DEFINITION)
    return Proposed(decision, version, sides, can_adopt)
