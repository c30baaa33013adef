"""What `loopline report` prints, whether the running server is asked or nobody owns the store."""

from collections.abc import Mapping
from typing import Any

from loopline.access.actor import Actor
from loopline.reporting.comparing import changed_as_asked, frozen_answer
from loopline.reports.answer import answered, why_asked
from loopline.reports.change.causes import CAUSES, OUTSIDE, Cause, cause_named
from loopline.reports.change.difference import Why
from loopline.reports.dimension import TOTAL
from loopline.reports.options import Books, OptionError
from loopline.store.engine import Engine
from loopline.web.cause_told import facts_told, not_told, records_told

_SHOWN = 8
"""So many rows are named where one has to be chosen."""


def report_answer(key: str, words: Mapping[str, str], actor: Actor, engine: Engine, books: Books) -> Mapping[str, Any]:
    """The report, the frozen run, what changed, or with `cause` the records that one cause of it changed.

    Raises OptionError and StoreError.
    """
    if words.get("cause"):
        return _cause_answer(key, words, actor, engine, books)
    if run_id := words.get("frozen", ""):
        return frozen_answer(key, run_id, words, actor, engine, books)
    return answered(key, words, engine, books)


def _cause_answer(key: str, words: Mapping[str, str], actor: Actor, engine: Engine, books: Books) -> Mapping[str, Any]:
    """In the figure `metric` (or the most telling of those that changed) of the row `row` (or the total)."""
    if run_id := words.get("frozen", ""):
        why = changed_as_asked(key, run_id, words, actor, engine, books)
    else:
        why = why_asked(key, words, engine, books)
    cause, row = _cause(words["cause"], why), _row(words.get("row"), why)
    changed = records_told(why, cause, row, actor, engine)
    share = next((one for one in why.shares if one.cause == cause), None)
    by = (share.changes.get(why.metric.key) if row == TOTAL else share.by_row.get(row)) if share else None
    return {
        "title": why.after.title,
        "from": why.scope.first.isoformat(),
        "to": why.scope.last.isoformat(),
        "currency": books.currency,
        "zone": books.zone,
        "metric": why.report.told_in(row, why.metric).told(books.currency, why.scope.options.clock),
        "row": row,
        "row_label": next((one.label for one in why.rows if one.key == row), "Total"),
        "change": by or 0,
        **facts_told(key, cause, why.scope, why.since, actor, engine),
        "changed": changed,
        "not_told": not_told(why, cause, row) if changed is None else "",
    }


def _cause(text: str, why: Why) -> Cause:
    """By its key or its label. Raises OptionError for one that does not exist."""
    labels = {one.label.casefold(): one for one in (*CAUSES, OUTSIDE)}
    found = cause_named(text) or labels.get(text.casefold())
    if found is None:
        arrived = ", ".join(one.cause.key for one in why.shares)
        rest = f"Here there are: {arrived}." if arrived else "Here nothing arrived between the two moments."
        raise OptionError(f"There is no cause “{text[:60]}”. {rest}", "cause")
    return found


def _row(text: str | None, why: Why) -> str:
    """The key of a row by its key or its label; of the total where none is said. Raises OptionError where that is none
    of the rows that changed, or several."""
    told = [one.label for one in why.rows[:_SHOWN]]
    rows = (
        f"Rows that changed: {', '.join(told)}{' …' if len(why.rows) > _SHOWN else ''}." if told else "No row changed."
    )
    if text is None or text == TOTAL:
        if why.totals:
            return TOTAL
        raise OptionError(f"The rows of this report are not added up, so say which row. {rows}", "row")
    if any(one.key == text for one in why.rows):
        return text
    named = [one.key for one in why.rows if one.label.casefold() == text.casefold()]
    if len(named) > 1:
        keys = ", ".join(f"“{key}”" for key in named)
        raise OptionError(f"{len(named)} rows are called “{text[:60]}”. Say which by its key: {keys}.", "row")
    if not named:
        raise OptionError(f"Nothing changed in the row “{text[:60]}” in {why.metric.label}. {rows}", "row")
    return named[0]
