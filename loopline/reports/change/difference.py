"""The difference between two states of the books in a report: what it was, what it is, and the share of each cause."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from loopline.reports.change.causes import Cause
from loopline.reports.metric import AddsUp, Metric, Number
from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult


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


def rows_changed(
    before: ReportResult, after: ReportResult, metric: Metric, also: Mapping[str, str] | None = None
) -> tuple[RowChange, ...]:
    """Rows of which the metric differs, the largest difference first. `also`: those that are told whatever differs,
    because what several causes changed in them cancels out, with their labels: one may be there in neither result, but
    between two causes only."""
    was, became = ({row.key: row for row in result.rows} for result in (before, after))
    found, also = [], also or {}
    for key in was.keys() | became.keys() | also.keys():
        old, new = (rows[key].values.get(metric.key) if key in rows else None for rows in (was, became))
        change = difference(old, new)
        if change or key in also:
            row = became.get(key) or was.get(key)
            found.append(RowChange(key, row.label if row else also[key], old, new, change))
    return tuple(sorted(found, key=lambda row: (-abs(row.change or 0), row.key)))


def sums(*changes: Mapping[str, Number]) -> dict[str, Number]:
    """Changes told apart, added up by their keys."""
    keys = dict.fromkeys(key for one in changes for key in one)
    return {key: round(sum(one.get(key) or 0 for one in changes), 6) for key in keys}
