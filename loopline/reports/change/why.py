"""Why a report changed between two moments: the difference, split into what arrived in between, summing exactly.

Any report: it is asked again and again, each time with the facts of one more cause let in (`states`). What a run
differs from the one before is that cause's share.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from loopline.reports.change.causes import OUTSIDE
from loopline.reports.change.difference import Share, Why, difference, is_split, rows_changed, sums
from loopline.reports.change.states import earlier_state, states_between, takes_long
from loopline.reports.comparable import COMPARABLE
from loopline.reports.metric import Metric, Number
from loopline.reports.options import Books, OptionError, Options, Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.reports.run import report_named, settle_for
from loopline.store.engine import Engine


@dataclass(frozen=True, slots=True)
class Frozen:
    """Runs as they were kept, where such are compared: at the earlier moment, and at the later one."""

    before: ReportResult | None = None
    after: ReportResult | None = None


def lets_wait(key: str, options: Options, since: datetime, engine: Engine, books: Books) -> bool:
    """Whether `why_changed` would take long to answer this. Raises OptionError and StoreError."""
    scope = scope_since(key, options, since, engine, books)
    return takes_long(report_named(key, COMPARABLE), scope, since, engine)


def why_changed(
    key: str, options: Options, since: datetime, engine: Engine, books: Books, *, metric: str = "",
    frozen: Frozen | None = None,
) -> Why:  # fmt: skip
    """What changed in the report `key` between `since` and the moment of `options`, and what made it change.

    With `frozen` runs: between what they say. Between a moment and itself nothing changed: so it is straight after a
    run was frozen. Raises OptionError when `since` is the later one, `metric` is none that is split, or a model has
    too little to learn from in between; and StoreError.
    """
    report, kept = report_named(key, COMPARABLE), frozen or Frozen()
    scope = scope_since(key, options, since, engine, books, "against" if frozen else "since")
    _require_split(report, earlier_state(report, scope, since, engine).result, metric)
    states = states_between(report, scope, since, engine)
    before, after = kept.before or states.first, kept.after or states.last
    chosen = _chosen(report, before, after, metric)
    shares, last = [], states.first
    for cause, result in states.then:
        changes = _changes(last, result, after)
        rows = _by_row(last, result, chosen)
        shares.append(Share(cause, states.learned.get(cause.key, (0, None))[1], changes, rows))
        last = result
    shares.append(_outside((before, states.first), (last, after), after, chosen))
    every = (states.first, *(result for _, result in states.then))
    labels = {row.key: row.label for result in every for row in result.rows}
    changed = {row: labels.get(row, row) for one in shares for row in one.by_row}
    return Why(
        report=report,
        scope=scope,
        since=since,
        metric=chosen,
        before=before,
        after=after,
        shares=tuple(one for one in shares if one.has_changed or (one.cause.table and _is_told(one, books))),
        rows=rows_changed(before, after, chosen, changed),
    )


def scope_since(
    key: str, options: Options, since: datetime, engine: Engine, books: Books, field: str = "since"
) -> Scope:
    """Settled, the moment among the options: whether it was asked for by name or as now, its states are the same.

    Raises OptionError, of `field`, when `since` is the later one, and StoreError.
    """
    scope = settle_for(report_named(key, COMPARABLE), options, engine, books)
    if since > scope.as_of:
        raise OptionError(
            "Choose a moment before the one the report is as of: nothing can have changed since then.", field
        )
    return replace(scope, options=replace(scope.options, as_of=scope.as_of))


def _is_told(share: Share, books: Books) -> bool:
    return books.sees_all_units or share.is_own


def _require_split(report: Report, result: ReportResult, metric: str) -> None:
    """Raises OptionError where nothing is split, or `metric` is not."""
    split = [one.key for one in result.metrics if is_split(one)]
    if not split:
        raise OptionError(
            f"{report.label} holds only shares, rates and means. They change because what they are told from does; "
            "ask what changed in the closed loop.",
            "key",
        )
    # One that the earlier state does not have may be there by now.
    if metric and metric not in {*split, *(one.key for one in report.metrics if is_split(one))}:
        raise _no_split(metric, split)


def _no_split(metric: str, split: Iterable[str]) -> OptionError:
    told = ", ".join(split)
    return OptionError(f"“{metric}” is no figure that can be split. Choose one of: {told}.", "metric")


def _chosen(report: Report, before: ReportResult, after: ReportResult, metric: str) -> Metric:
    """The metric to tell row by row: the one asked for, else the most telling of those that changed."""
    split = {one.key: one for one in after.metrics if is_split(one)}
    if metric:
        if metric not in split:
            raise _no_split(metric, split)
        return split[metric]
    usual = [split[key] for key in dict.fromkeys([*report.leading, *split]) if key in split]
    return next((one for one in usual if rows_changed(before, after, one)), usual[0])


def _changes(before: ReportResult, after: ReportResult, told: ReportResult) -> dict[str, Number]:
    """Of the totals that `told` has: a model that cannot be learnt in a state has no column there."""
    was, became = before.totals.values, after.totals.values
    return {one.key: difference(was.get(one.key), became.get(one.key)) for one in told.metrics if is_split(one)}


def _by_row(before: ReportResult, after: ReportResult, metric: Metric) -> dict[str, Number]:
    return {row.key: row.change for row in rows_changed(before, after, metric)}


def _outside(
    start: tuple[ReportResult, ReportResult], end: tuple[ReportResult, ReportResult], told: ReportResult, metric: Metric
) -> Share:
    """What lies between the runs that are compared and the states of the books: nothing, where nothing was kept."""
    sides = (start, end)
    by_row = sums(*(_by_row(*side, metric) for side in sides))
    return Share(
        cause=OUTSIDE,
        learned=None,
        changes=sums(*(_changes(*side, told) for side in sides)),
        by_row={key: change for key, change in by_row.items() if change},
    )
