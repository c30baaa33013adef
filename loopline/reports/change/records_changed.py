"""Which records one cause changed in a figure: what each added before its facts were known, and what it adds since.

The records behind the figure are asked for twice, in the states before and after the cause is let in (`states`), so
that the differences add up to the share of the cause exactly.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from loopline.reports.behind import items_behind
from loopline.reports.change.arrived import refunded
from loopline.reports.change.causes import CAUSES, Cause
from loopline.reports.change.difference import Why, difference
from loopline.reports.change.known_answers import KnownAnswers
from loopline.reports.change.states import of_its_moment, state_of
from loopline.reports.dimension import OTHERS, TOTAL
from loopline.reports.kept import kept_or
from loopline.reports.metric import Metric, Number
from loopline.reports.opened import MOST, Item
from loopline.reports.options import OptionError, Scope
from loopline.reports.report import Report
from loopline.store.engine import Engine


@dataclass(frozen=True, slots=True)
class RecordChange:
    item: Item
    """The record; what it `adds` to the figure now is None where that is nothing any more."""
    before: Number
    """What it added; None where that was nothing."""

    @property
    def change(self) -> Number:
        return difference(self.before, self.item.adds)


@dataclass(frozen=True, slots=True)
class RecordsChanged:
    """By one cause, in one figure of one row."""

    changes: tuple[RecordChange, ...]
    """The largest first, MOST at most."""
    count: int
    """How many there are."""
    total: Number
    """The change of all of them together: the share of the cause."""


def records_changed(why: Why, cause: Cause, row: str, engine: Engine) -> RecordsChanged | None:
    """Of the figure that `why` tells row by row, in `row` (`~total` for the total); None where it does not open into
    records, or into more than can be paged through.

    Raises OptionError, also for a row in which nothing changed, and StoreError.
    """
    report, scope, since, metric = why.report, why.scope, why.since, why.metric
    if row != TOTAL and all(row not in one.by_row for one in why.shares) and all(one.key != row for one in why.rows):
        raise OptionError(f"Nothing changed in the row “{row[:60]}”. Choose one of the rows that changed.", "row")
    if (
        cause not in CAUSES
        or row == OTHERS
        or (row == TOTAL and not why.totals)
        or not opens_into_records(report, metric)
    ):
        return None

    def work_out() -> RecordsChanged | None:
        known, refunds = KnownAnswers(engine), refunded(engine, scope, since)
        before = {one.key for one in CAUSES[: CAUSES.index(cause)]}

        def adding(let_in: Collection[str]) -> _Adding | None:
            known.next_state()
            with of_its_moment(since):
                return _adding(report, metric, row, *state_of(scope, since, refunds, known, let_in))

        was, now = adding(before), adding({*before, cause.key})
        return None if was is None or now is None else _compared(was, now)

    return kept_or(engine, (report.key, "records changed", cause.key, metric.key, row, since), scope, work_out)


def opens_into_records(report: Report, metric: Metric) -> bool:
    """Where it does and is not told all the same, there are more records than can be compared."""
    return _is_closed_loop(report) or (report.open is not None and report.may_open(metric.key))


def _is_closed_loop(report: Report) -> bool:
    """It has a page of its own for what is behind its figures, and so no `open`."""
    return report.key == "closed-loop"


_Adding = dict[tuple[str, str], Item]
"""Kind and id of a record → what it adds."""


def _adding(report: Report, metric: Metric, row: str, scope: Scope, engine: Engine) -> _Adding | None:
    """None where not all are listed, or they do not add up to the figure."""
    if report.open is None:
        items: Iterable[Item] = items_behind(row, metric.key, scope, engine)
    else:
        try:
            opened = report.open(row, metric.key, scope, engine)
        except OptionError as error:
            if error.field in {"row", "model"}:
                # There is no such row then, as a month of the forecast that is over now; or the model of a column of
                # the comparison of models could not be learnt, and so gave nothing.
                return {}
            raise
        items = opened.items
        if difference(opened.total, sum(one.adds or 0 for one in items)):
            return None
    found: _Adding = {}
    for one in items:
        same = found.get((one.kind, one.record_id))
        found[one.kind, one.record_id] = replace(one, adds=(one.adds or 0) + (same.adds or 0)) if same else one
    return found


def _compared(before: _Adding, after: _Adding) -> RecordsChanged:
    found = []
    for key in before.keys() | after.keys():
        was, now = before.get(key), after.get(key)
        one = RecordChange(now or replace(before[key], adds=None), was.adds if was else None)
        if one.change:
            found.append(one)
    found.sort(key=lambda one: (-abs(one.change or 0), one.item.kind, one.item.record_id))
    total = difference(0, sum(one.change or 0 for one in found))
    return RecordsChanged(tuple(found[:MOST]), len(found), total)
