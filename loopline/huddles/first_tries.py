"""What the definition desk tries before anybody asks: changes of the clause that causes most rejections.

Looking at half a year of leads may take the event store long, and whoever opens a huddle does not wait for it: the
changes are noted when it opens and tried a moment later. The screens hear of the answer as of any other change.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction

from loopline.access.actor import SYSTEM
from loopline.access.audit import audit, take_turn
from loopline.huddles.changing import HuddleStateError, changed
from loopline.huddles.definition_desk import DeskClause, answer_to, asked_of, desk_clauses, frozen_definition
from loopline.huddles.models import Huddle
from loopline.leads.variants import Variant, offered
from loopline.reports.what_if.judged_leads import prepare
from loopline.rules.errors import RuleError
from loopline.store.current import engine
from loopline.store.engine import StoreError

MOST_FIRST = 3
"""So many are tried before anybody asks, until one would change something."""

log = logging.getLogger(__name__)


def first_tries(huddle: Huddle) -> list[str]:
    """Keys of the changes to begin with; none where no clause cost a lead."""
    version = frozen_definition(huddle)
    worst = next(iter(desk_clauses(huddle, version)), None) if version else None
    if version is None or worst is None or not (worst.sent_back or worst.kept_below):
        return []
    return [one.key for one in _in_order(worst, offered(version.definition, worst.place))[:MOST_FIRST]]


def _in_order(clause: DeskClause, offers: Sequence[Variant]) -> list[Variant]:
    """What sales sends back asks for more, what never passed for less."""
    wants_tighter = clause.sent_back > 0
    return [one for one in offers if one.is_tighter == wants_tighter and one.instead_of] or list(offers)


def try_first() -> int:
    """Have the answers ready that open huddles wait for; for how many. A periodic job."""
    waiting = Huddle.objects.filter(closed_at__isnull=True, tried__has_key="first").select_related("unit")
    return sum(_show(huddle, _answers(huddle)) for huddle in waiting)


def first_answers(huddle: Huddle) -> Iterator[tuple[str, dict[str, Any]]]:
    """Changes of the clause that causes most rejections with their answers (`definition_desk.told`), until one would
    change something.

    Reads the snapshot of the huddle and when it opens, which may be still to come. Raises StoreError.
    """
    keys = first_tries(huddle)
    if keys:
        _gather(huddle)
    for edits, key in enumerate(keys):
        answer = answer_to(huddle, key, edits=edits)
        yield key, answer
        if _says_something(answer):
            return


def _answers(huddle: Huddle) -> dict[str, dict[str, Any]]:
    """None where the event store does not answer: the desk says so when somebody tries a change there."""
    found: dict[str, dict[str, Any]] = {}
    try:
        found.update(first_answers(huddle))
    except (StoreError, HuddleStateError, RuleError):  # once: else it would be tried again every second
        log.warning("The changes to begin with could not be tried for huddle %s", huddle.pk, exc_info=True)
    return found


def _gather(huddle: Huddle) -> None:
    """Everything that any change on offer asks for, in one question: what is tried later answers in a moment."""
    version = frozen_definition(huddle)
    if version is None:
        return
    definition = version.definition
    offers = [one for place in range(len(definition.clauses)) for one in offered(definition, place)]
    prepare(asked_of(huddle).past(engine()), [definition, *(one.definition for one in offers)])


def _says_something(answer: Mapping[str, Any]) -> bool:
    """Some leads would have fared otherwise."""
    return any(cell["n"] for cell in answer["cells"] if cell["key"].startswith("only"))


@transaction.atomic
def _show(huddle: Huddle, answers: dict[str, dict[str, Any]]) -> bool:
    """Nothing is shown where it was closed meanwhile, or somebody tried a change: everybody looks at that one."""
    take_turn()
    huddle.refresh_from_db(from_queryset=Huddle.objects.select_for_update())
    if not huddle.is_open or "first" not in huddle.tried:
        return False
    huddle.tried = {"now": list(answers)[-1], "answers": answers} if answers else {}
    huddle.save(update_fields=["tried"])
    for one in answers.values():
        audit(SYSTEM, "try_definition_change", huddle, change=one["words"])
    changed(huddle)
    return bool(answers)
