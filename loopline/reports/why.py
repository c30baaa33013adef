"""Why a report changed between two moments: the difference, split into what arrived in between, summing exactly.

Any report: it is asked again and again, each time with the facts of one more cause let in (`partly_known`). What a run
differs from the one before is that cause's share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from loopline.attribution.model import MODELS
from loopline.attribution.own_model import own_models
from loopline.attribution.state import Part, as_known_at, latest, question, visible
from loopline.reports.balance import number
from loopline.reports.causes import CAUSES, OUTSIDE, Cause
from loopline.reports.metric import AddsUp, Metric, Number
from loopline.reports.options import Books, OptionError, Options, Scope
from loopline.reports.partly_known import PartlyKnown
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.reports.run import report_named, run_report, settle_for
from loopline.store.engine import Engine, Value

_REFUNDS = Part("refunds_now", latest("opportunity_facts", "refunded_minor"))
_REFUNDED = question(
    """
    SELECT n.id AS id FROM refunds_now AS n JOIN refunds_before AS b ON b.id = n.id
    WHERE n.refunded_minor <> b.refunded_minor ORDER BY n.id
    """,
    _REFUNDS,
    as_known_at(_REFUNDS, "$since", "refunds_before"),
)


def is_split(metric: Metric) -> bool:
    """A figure that is counted or summed. Shares, rates, means and medians change because what they are told from
    does: a part of theirs would mean nothing."""
    return metric.adds_up is not AddsUp.RATIO


@dataclass(frozen=True, slots=True)
class Share:
    """What one cause changed."""

    cause: Cause
    learned: int | None
    """Facts that arrived in between; None where they cannot be counted for this asker alone, or nothing arrives."""
    changes: dict[str, Number]
    """Metric → difference of the totals."""
    by_row: dict[str, Number]
    """Row → difference of the metric asked for."""

    @property
    def has_changed(self) -> bool:
        return bool(self.by_row or any(self.changes.values()))

    @property
    def is_own(self) -> bool:
        """Something arrived or changed that the asker may see; that others learned something is not told."""
        return bool(self.learned) or self.has_changed


@dataclass(frozen=True, slots=True)
class RowChange:
    key: str
    label: str
    before: Number
    after: Number
    change: Number


@dataclass(frozen=True, slots=True)
class Frozen:
    """Runs as they were kept, where such are compared: at the earlier moment, and at the later one."""

    before: ReportResult | None = None
    after: ReportResult | None = None


@dataclass(frozen=True, slots=True)
class Why:
    report: Report
    scope: Scope
    since: datetime
    metric: Metric
    """The one told row by row."""
    before: ReportResult
    after: ReportResult
    shares: tuple[Share, ...]
    """In the order in which the causes were let in; those that changed nothing too, where facts arrived."""
    rows: tuple[RowChange, ...]
    """Rows of which the metric changed, the largest change first."""

    @property
    def compared(self) -> tuple[Metric, ...]:
        return tuple(metric for metric in self.after.metrics if is_split(metric))

    @property
    def totals(self) -> tuple[Metric, ...]:
        """Figures of which the totals are compared, the one told row by row first, then the report's key figures; none
        where a sum over the rows would mean nothing."""
        if not self.after.has_total:
            return ()
        by_key = {metric.key: metric for metric in self.compared}
        keys = dict.fromkeys([self.metric.key, *self.report.leading, *by_key])
        return tuple(by_key[key] for key in keys if key in by_key)

    @property
    def told(self) -> tuple[Metric, ...]:
        """Those that are told from others, and so are shown before and after only."""
        return tuple(metric for metric in self.after.metrics if not is_split(metric))

    def change(self, metric: str) -> Number:
        return difference(self.before.totals.values.get(metric), self.after.totals.values.get(metric))

    @property
    def has_changed(self) -> bool:
        return any(self.change(metric.key) for metric in self.totals) or bool(self.rows)

    def to_json(self) -> dict[str, object]:
        after = self.after.to_json()
        columns: list[dict[str, object]] = after["columns"]  # type: ignore[assignment]
        keys, told = [metric.key for metric in self.totals], [metric.key for metric in self.told]
        before, now = self.before.totals.values, self.after.totals.values
        return {
            "report": self.report.key,
            "title": self.after.title,
            "since": self.since.isoformat(),
            "as_of": self.scope.as_of.isoformat(),
            **{name: after[name] for name in ("from", "to", "model", "clock", "currency", "by", "head")},
            "columns": [one for key in keys for one in columns if one["key"] == key],
            "before": {key: before.get(key) for key in keys},
            "after": {key: now.get(key) for key in keys},
            "change": {key: self.change(key) for key in keys},
            "causes": [
                {
                    "key": one.cause.key, "label": one.cause.label, "facts": one.learned,
                    "change": {key: one.changes[key] for key in keys},
                }
                for one in self.shares
            ],
            "not_split": {key: {"before": before.get(key), "after": now.get(key)} for key in told},
            "metric": next(one for one in columns if one["key"] == self.metric.key),
            "rows": [
                {
                    "key": row.key, "label": row.label, "before": row.before, "after": row.after,
                    "change": row.change,
                    "causes": {one.cause.key: one.by_row[row.key] for one in self.shares if row.key in one.by_row},
                }
                for row in self.rows
            ],
        }  # fmt: skip


def difference(before: Number, after: Number) -> Number:
    """How much more there is. An unknown cost has nothing in it yet, so what is booked later is all new."""
    return round(round(after or 0, 6) - round(before or 0, 6), 6)


def why_changed(
    key: str, options: Options, since: datetime, engine: Engine, books: Books, *, metric: str = "",
    frozen: Frozen | None = None,
) -> Why:  # fmt: skip
    """What changed in the report `key` between `since` and the moment of `options`, and what made it change.

    With `frozen` runs: between what they say. Raises OptionError when `since` is not the earlier one, `metric` is none
    that is split, or a model has too little to learn from in between; and StoreError.
    """
    report, kept = report_named(key), frozen or Frozen()
    scope = settle_for(report, options, engine, books)
    if since >= scope.as_of:
        raise OptionError("Choose a moment before the one the report is as of: nothing can have changed since then.")
    refunded = _refunded(engine, scope, since)
    states = _States(report, scope, since, refunded, engine)
    first = states.ask()
    _require_split(report, first, metric)
    learned = _learned(engine, scope, {"since": since, "refunded": refunded}, states.read)
    # Time is always let in; of the others those of which something arrived.
    causes = [one for one in CAUSES if not one.table or learned.get(one.key, (0, 0))[0]]
    asked = [first, *(states.ask(cause) for cause in causes)]
    before = kept.before or first
    after = kept.after or run_report(key, replace(options, as_of=scope.as_of), engine, books)
    chosen = _chosen(report, before, after, metric)
    shares = [
        _share(cause, *pair, chosen, learned.get(cause.key, (0, None))[1])
        for cause, pair in zip(causes, pairwise(asked), strict=True)
    ]
    shares.append(_outside((before, first), (asked[-1], after), chosen))
    return Why(
        report=report,
        scope=scope,
        since=since,
        metric=chosen,
        before=before,
        after=after,
        shares=tuple(one for one in shares if one.has_changed or (one.cause.table and _is_told(one, books))),
        rows=_rows(before, after, chosen),
    )


def _is_told(share: Share, books: Books) -> bool:
    return books.sees_all_units or share.is_own


def _require_split(report: Report, result: ReportResult, metric: str) -> None:
    """Raises OptionError where nothing is split, or `metric` is not."""
    split = {one.key for one in result.metrics if is_split(one)}
    if not split:
        raise OptionError(
            f"{report.label} holds only shares, rates and means. They change because what they are told from does; "
            "ask what changed in the closed loop."
        )
    if metric and metric not in split:
        told = ", ".join(one.key for one in result.metrics if one.key in split)
        raise OptionError(f"“{metric}” is no figure that can be split. Choose one of: {told}.")


def _chosen(report: Report, before: ReportResult, after: ReportResult, metric: str) -> Metric:
    """The metric to tell row by row: the one asked for, else the most telling of those that changed."""
    split = {one.key: one for one in after.metrics if is_split(one)}
    if metric in split:
        return split[metric]
    usual = [split[key] for key in dict.fromkeys([*report.leading, *split]) if key in split]
    return next((one for one in usual if _rows(before, after, one)), usual[0])


class _States:
    """The report in between two moments, asked with one cause more each time."""

    def __init__(self, report: Report, scope: Scope, since: datetime, refunded: Sequence[str], engine: Engine) -> None:
        self.read: frozenset[str] = frozenset()
        """Tables that the report has read so far."""
        self._report, self._scope, self._since, self._refunded, self._engine = report, scope, since, refunded, engine
        self._let_in: set[str] = set()

    def ask(self, cause: Cause | None = None) -> ReportResult:
        """With the facts of this cause, too. Ages go by the earlier moment, until time is let in."""
        self._let_in |= {cause.key} if cause else set()
        books = PartlyKnown(self._engine, self._since, self._scope.as_of, self._refunded, frozenset(self._let_in))
        clock = self._scope.as_of if "time" in self._let_in else self._since
        own = {}
        if self._scope.models.keys() > MODELS.keys():
            own = own_models(books, {})  # a model that was not there yet is as it became
        scope = replace(self._scope, as_of=clock, models={**self._scope.models, **own})
        try:
            result = self._report.run(self._report, scope, books)
        except OptionError as error:
            raise OptionError(f"Of what was known at the end of {self._since:%-d %b %Y}: {error}") from error
        self.read |= books.read
        return result


def _refunded(engine: Engine, scope: Scope, since: datetime) -> list[str]:
    """Opportunities of which the refunds changed."""
    return [str(row["id"]) for row in engine.rows(_REFUNDED, {**scope.params, "since": since})]


def between(engine: Engine, scope: Scope, since: datetime) -> dict[str, Value]:
    """Values for `arrived`."""
    return {"since": since, "refunded": _refunded(engine, scope, since)}


def arrived(cause: Cause) -> str:
    """SQL text over the columns of the cause's table: does this fact lie between the two moments?"""
    which = cause.which or "TRUE"
    if cause.is_refund is not None:
        which = f"id {'' if cause.is_refund else 'NOT '}IN (SELECT unnest($refunded))"
    return f"recorded_at > $since AND recorded_at <= $as_of AND {which}"


def _learned(
    engine: Engine, scope: Scope, values: Mapping[str, Value], read: frozenset[str]
) -> dict[str, tuple[int, int | None]]:
    """Cause → (facts that arrived in between, those of the units the asker sees), of what the report reads."""
    asked = {cause.key: cause for cause in CAUSES if cause.is_read(read)}
    texts = []
    for cause in asked.values():
        seen = f"CASE WHEN {visible('unit_id')} THEN 1 ELSE 0 END" if cause.has_unit else "1"
        texts.append(
            f"SELECT '{cause.key}' AS cause, count(*) AS learned, coalesce(sum({seen}), 0) AS seen FROM {cause.table} "
            f"WHERE {arrived(cause)}"
        )
    sees_all = scope.books.sees_all_units
    return {
        str(row["cause"]): (
            number(row["learned"]),
            number(row["seen"]) if asked[str(row["cause"])].has_unit or sees_all else None,
        )
        for row in engine.rows(" UNION ALL ".join(texts), {**scope.params, **values})
    }


def _share(cause: Cause, before: ReportResult, after: ReportResult, metric: Metric, learned: int | None) -> Share:
    was, became = before.totals.values, after.totals.values
    return Share(
        cause=cause,
        learned=learned,
        changes={one.key: difference(was.get(one.key), became.get(one.key)) for one in after.metrics if is_split(one)},
        by_row={row.key: row.change for row in _rows(before, after, metric)},
    )


def _outside(start: tuple[ReportResult, ReportResult], end: tuple[ReportResult, ReportResult], metric: Metric) -> Share:
    """What lies between the runs that are compared and the states of the books: nothing, where nothing was kept."""
    sides = [_share(OUTSIDE, *side, metric, None) for side in (start, end)]
    by_row = _sums(*(one.by_row for one in sides))
    return Share(
        cause=OUTSIDE,
        learned=None,
        changes=_sums(*(one.changes for one in sides)),
        by_row={key: change for key, change in by_row.items() if change},
    )


def _sums(*changes: Mapping[str, Number]) -> dict[str, Number]:
    keys = dict.fromkeys(key for one in changes for key in one)
    return {key: round(sum(one.get(key) or 0 for one in changes), 6) for key in keys}


def _rows(before: ReportResult, after: ReportResult, metric: Metric) -> tuple[RowChange, ...]:
    """Rows of which the metric differs, the largest difference first."""
    was, became = ({row.key: row for row in result.rows} for result in (before, after))
    found = []
    for key in was.keys() | became.keys():
        old, new = (rows[key].values.get(metric.key) if key in rows else None for rows in (was, became))
        if change := difference(old, new):
            found.append(RowChange(key, (became.get(key) or was[key]).label, old, new, change))
    return tuple(sorted(found, key=lambda row: (-abs(row.change or 0), row.key)))
