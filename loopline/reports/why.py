"""Why a report changed between two moments: the difference, split into what arrived in between, summing exactly."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from loopline.attribution.state import Part, as_known_at, latest, question, visible
from loopline.reports.balance import number
from loopline.reports.causes import CAUSES, MOMENTS, Cause
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.figures import Figures
from loopline.reports.metric import METRICS, Metric, Number
from loopline.reports.naming import Name, names_of
from loopline.reports.options import Books, OptionError, Options, Scope
from loopline.reports.run import settle
from loopline.reports.tally import Tally, tally_of
from loopline.store.engine import Engine, Value

COMPARED: tuple[Metric, ...] = tuple(
    metric for metric in METRICS.values() if not metric.parts and metric.key != "qualified"
)
"""Figures that are counted or summed. A ratio changes because its parts do; qualified leads are counted only where a
run is about them."""

_REFUNDS = Part("refunds_now", latest("opportunity_facts", "refunded_minor"))
_REFUNDED = question(
    """
    SELECT n.id AS id FROM refunds_now AS n JOIN refunds_before AS b ON b.id = n.id
    WHERE n.refunded_minor <> b.refunded_minor ORDER BY n.id
    """,
    _REFUNDS,
    as_known_at(_REFUNDS, "$since", "refunds_before"),
)


@dataclass(frozen=True, slots=True)
class Share:
    """What one cause changed."""

    cause: Cause
    learned: int | None
    """Facts that arrived in between; None where they cannot be counted for this asker alone."""
    changes: dict[str, Number]
    """Metric → difference of the totals."""
    by_row: dict[str, Number]
    """Row → difference of the metric asked for."""

    @property
    def is_own(self) -> bool:
        """Something arrived or changed that the asker may see; that others learned something is not told."""
        return bool(self.learned or self.by_row or any(self.changes.values()))


@dataclass(frozen=True, slots=True)
class RowChange:
    key: str
    name: Name
    before: Number
    after: Number
    change: Number


@dataclass(frozen=True, slots=True)
class Why:
    scope: Scope
    since: datetime
    metric: Metric
    before: dict[str, Number]
    after: dict[str, Number]
    shares: tuple[Share, ...]
    """In the order in which the causes were let in; those that changed nothing too, where facts arrived."""
    rows: tuple[RowChange, ...]
    """Rows of which the metric changed, the largest change first."""

    def change(self, metric: str) -> Number:
        return difference(self.before[metric], self.after[metric])

    @property
    def has_changed(self) -> bool:
        return any(self.change(metric.key) for metric in COMPARED) or bool(self.rows)

    def to_json(self) -> dict[str, object]:
        return {
            "report": "closed-loop",
            "since": self.since.isoformat(),
            "as_of": self.scope.as_of.isoformat(),
            "from": self.scope.first.isoformat(),
            "to": self.scope.last.isoformat(),
            "model": self.scope.options.model,
            "clock": self.scope.options.clock,
            "currency": self.scope.books.currency,
            "before": self.before,
            "after": self.after,
            "change": {metric.key: self.change(metric.key) for metric in COMPARED},
            "causes": [
                {"key": one.cause.key, "label": one.cause.label, "facts": one.learned, "change": one.changes}
                for one in self.shares
            ],
            "by": self.scope.options.by,
            "metric": self.metric.key,
            "rows": [
                {
                    "key": row.key, "label": row.name.label, "before": row.before, "after": row.after,
                    "change": row.change,
                    "causes": {one.cause.key: one.by_row[row.key] for one in self.shares if row.key in one.by_row},
                }
                for row in self.rows
            ],
        }  # fmt: skip


def difference(before: Number, after: Number) -> Number:
    """How much more there is. An unknown cost has nothing in it yet, so what is booked later is all new."""
    return round((after or 0) - (before or 0), 6)


def why_changed(options: Options, since: datetime, engine: Engine, books: Books, metric: str = "revenue_minor") -> Why:
    """What changed in the closed loop between `since` and the moment of `options`, and what made it change.

    Raises OptionError when `since` is not the earlier one or `metric` is none that is compared, and StoreError.
    """
    scope = settle(replace(options, conversion=""), engine, books)
    if since >= scope.as_of:
        raise OptionError("Choose a moment before the one the report is as of: nothing can have changed since then.")
    if metric not in {one.key for one in COMPARED}:
        raise OptionError(f"There is no such figure to compare. Choose one of: {', '.join(m.key for m in COMPARED)}.")
    chosen = METRICS[metric]
    moments = between(engine, scope, since)
    learned = _learned(engine, scope, moments)
    first = earlier = tally_of(scope, engine, MOMENTS, moments)
    shares = []
    for cause in CAUSES:
        if not learned[cause.key][0]:
            continue
        moments[f"as_of_{cause.key}"] = scope.as_of
        later = tally_of(scope, engine, MOMENTS, moments)
        shares.append(_share(cause, earlier, later, chosen, learned[cause.key][1]))
        earlier = later
    return Why(
        scope=scope,
        since=since,
        metric=chosen,
        before=_totals(first),
        after=_totals(earlier),
        shares=tuple(share for share in shares if books.sees_all_units or share.is_own),
        rows=_rows(first, earlier, chosen, scope, engine),
    )


def between(engine: Engine, scope: Scope, since: datetime) -> dict[str, Value]:
    """Values for MOMENTS before anything arrived, with `$since`, and `$refunded`: opportunities of changed refunds."""
    values: dict[str, Value] = {"since": since, **{f"as_of_{cause.key}": since for cause in CAUSES}}
    refunded = engine.rows(_REFUNDED, scope.params | values)
    return values | {"refunded": [str(row["id"]) for row in refunded]}


def arrived(cause: Cause) -> str:
    """SQL text over the columns of the cause's table: does this fact lie between the two moments?"""
    which = cause.which or "TRUE"
    if cause.is_refund is not None:
        which = f"id {'' if cause.is_refund else 'NOT '}IN (SELECT unnest($refunded))"
    return f"recorded_at > $since AND recorded_at <= $as_of AND {which}"


def _learned(engine: Engine, scope: Scope, moments: Mapping[str, Value]) -> dict[str, tuple[int, int | None]]:
    """Cause → (facts that arrived in between, those of the units the asker sees)."""
    texts = []
    for cause in CAUSES:
        seen = f"CASE WHEN {visible('unit_id')} THEN 1 ELSE 0 END" if cause.has_unit else "1"
        texts.append(
            f"SELECT '{cause.key}' AS cause, count(*) AS learned, coalesce(sum({seen}), 0) AS seen FROM {cause.table} "
            f"WHERE {arrived(cause)}"
        )
    rows = engine.rows(" UNION ALL ".join(texts), {**scope.params, **moments})
    sees_all = scope.books.sees_all_units
    return {
        cause.key: (number(row["learned"]), number(row["seen"]) if cause.has_unit or sees_all else None)
        for cause in CAUSES
        for row in rows
        if row["cause"] == cause.key
    }


def _totals(tally: Tally) -> dict[str, Number]:
    return {metric.key: metric.value(tally.total) for metric in COMPARED}


def _share(cause: Cause, before: Tally, after: Tally, metric: Metric, learned: int | None) -> Share:
    totals = _totals(before), _totals(after)
    return Share(
        cause=cause,
        learned=learned,
        changes={one.key: difference(totals[0][one.key], totals[1][one.key]) for one in COMPARED},
        by_row={key: change for key, _, _, change in _changes(before, after, metric)},
    )


def _changes(before: Tally, after: Tally, metric: Metric) -> list[tuple[str, Number, Number, Number]]:
    """(row, before, after, difference) where they differ."""
    nothing = Figures()
    found: list[tuple[str, Number, Number, Number]] = []
    for key in before.figures.keys() | after.figures.keys():
        was = metric.value(before.figures.get(key, nothing))
        became = metric.value(after.figures.get(key, nothing))
        if change := difference(was, became):
            found.append((key, was, became, change))
    return found


def _rows(before: Tally, after: Tally, metric: Metric, scope: Scope, engine: Engine) -> tuple[RowChange, ...]:
    changes = _changes(before, after, metric)
    names = names_of(DIMENSIONS[scope.options.by], [key for key, *_ in changes], scope, engine)
    rows = [RowChange(key, names[key], was, became, change) for key, was, became, change in changes]
    return tuple(sorted(rows, key=lambda row: (-abs(row.change or 0), row.key)))
