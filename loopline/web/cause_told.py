"""One cause of a change as JSON: the facts that were learned, and the records that they changed in a figure.

The API tells both, and so does the command line.
"""

from datetime import datetime
from typing import Any

from loopline.access.actor import Actor
from loopline.access.roles import Permission
from loopline.reports.change.cause_facts import MOST, Fact, facts_of
from loopline.reports.change.causes import OUTSIDE, Cause
from loopline.reports.change.difference import Why
from loopline.reports.change.records_changed import opens_into_records, records_changed
from loopline.reports.dimension import OTHERS
from loopline.reports.opened import FARTHEST
from loopline.reports.options import Scope
from loopline.store.engine import Engine
from loopline.web.api.record_told import is_of_a_person, record_told
from loopline.web.behind_names import items_named
from loopline.web.fact_words import ToldFact, facts_in_words, values_told


def facts_told(
    report: str, cause: Cause, scope: Scope, since: datetime, actor: Actor, engine: Engine
) -> dict[str, Any]:
    """What was learned of it between the two moments, the last first. Raises StoreError."""
    books = scope.books
    facts = facts_of(cause, scope, since, engine)
    told = facts_in_words(cause, facts, actor, books.currency, books.zone)
    return {
        "report": report,
        "cause": cause.key,
        "label": cause.label,
        "about": cause.explanation,
        "since": since.isoformat(),
        "as_of": scope.as_of.isoformat(),
        "has_more": len(facts) == MOST,
        "needs_all_units": not cause.has_unit and not books.sees_all_units,
        "facts": [_fact_told(*one) for one in zip(facts, told, strict=True)],
    }


def records_told(why: Why, cause: Cause, row: str, actor: Actor, engine: Engine) -> dict[str, Any] | None:
    """The records that it changed in the figure that `why` tells row by row; None where that is not told by records.

    Raises OptionError for a row in which nothing changed, and StoreError.
    """
    changed = records_changed(why, cause, row, engine)
    if changed is None:
        return None
    sees_people, metric = actor.may(Permission.SEE_PEOPLE), why.report.told_in(row, why.metric)
    named = items_named([one.item for one in changed.changes], actor)
    return {
        "metric": metric.told(why.scope.books.currency, why.scope.options.clock),
        "row": row,
        "change": changed.total,
        "count": changed.count,
        "hides_names": not sees_people and any(is_of_a_person(one) for one in named),
        "records": [
            record_told(one, sees_people=sees_people) | {"before": record.before, "change": record.change}
            for one, record in zip(named, changed.changes, strict=True)
        ],
    }


def not_told(why: Why, cause: Cause, row: str) -> str:
    """Why there are no records to list where `records_told` is None."""
    if cause == OUTSIDE:
        return f"No fact stands behind it: {cause.explanation}."
    if row == OTHERS:
        return "This row stands for many that are not listed, so its records are not listed either."
    if opens_into_records(why.report, why.metric):
        return f"More than {FARTHEST:,} records stand behind it, too many to compare. Choose one row, or fewer days."
    return f"{why.metric.label} is not told record by record in this report. Choose another figure."


def _fact_told(fact: Fact, told: ToldFact) -> dict[str, Any]:
    """The id of its record only for who may open it."""
    return {
        "id": fact.record_id if told.url else None,
        "name": told.name,
        "page": told.url or None,
        "learned_at": fact.learned_at.isoformat(),
        "before": values_told(fact.before),
        "after": values_told(fact.after),
        "before_words": told.before,
        "after_words": told.after,
        "changed_by": told.author.name if told.author else None,
        "changed_at": told.author.at.isoformat() if told.author else None,
    }
