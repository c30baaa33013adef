"""What a report page says beside its figures: how they changed, how much of the revenue has a known origin."""

from collections.abc import Sequence
from dataclasses import dataclass

from loopline.lib.amounts import MINUS, NO_BREAK
from loopline.reports.metric import AddsUp, Metric, Number, Unit
from loopline.reports.result import Balance, ReportResult

MOST_PERCENT = 999
"""A change beyond it says only that there was next to nothing before."""


@dataclass(frozen=True, slots=True)
class KeyFigure:
    metric: Metric
    value: Number
    change: str = ""
    """`+4 %`, or `+41 pt` for a percentage; "" when there is nothing to compare with."""
    tone: str = ""
    """good, bad, or "" where a change is neither."""


def changes(metrics: Sequence[Metric], result: ReportResult, before: ReportResult | None) -> list[KeyFigure]:
    """The totals as key figures, compared with the period before where there is one."""
    return [_figure(metric, result, before) for metric in metrics]


def _figure(metric: Metric, result: ReportResult, before: ReportResult | None) -> KeyFigure:
    value = result.totals.values[metric.key]
    earlier = before.totals.values[metric.key] if before else None
    is_young = result.is_young and "touchpoint" in metric.cohort_date and metric.cohort_date != "touchpoint"
    is_unripe = metric.ripens and bool(result.totals.young_note)
    if value is None or earlier is None or is_young or is_unripe or not metric.is_compared:
        return KeyFigure(metric, value)
    if metric.unit is Unit.PERCENT:
        moved, unit = value - earlier, "pt"
    elif earlier > 0:
        moved, unit = 100 * (value - earlier) / earlier, "%"
    else:
        return KeyFigure(metric, value)
    rounded = round(moved)
    if unit == "%" and abs(rounded) > MOST_PERCENT:
        return KeyFigure(metric, value)
    sign = "±" if rounded == 0 else MINUS if rounded < 0 else "+"
    text = f"{sign}{abs(rounded):,}{NO_BREAK}{unit}"
    is_verdict = rounded != 0 and not metric.is_neutral
    tone = ("bad" if (rounded > 0) == metric.is_less_better else "good") if is_verdict else ""
    return KeyFigure(metric, value, text, tone)


def fractional(result: ReportResult) -> set[str]:
    """Keys of the counts that add up and of which some row has a fraction, as shares of records are."""
    return {
        metric.key
        for metric in result.metrics
        if metric.unit is Unit.COUNT
        and metric.adds_up is AddsUp.SUM
        and any((value := row.values.get(metric.key)) is not None and value != int(value) for row in result.rows)
    }


def coverage(balance: Balance) -> float | None:
    """Share of won revenue with a known origin, in percent; None when there is no revenue to have one."""
    return 100 * balance.credited_minor / balance.revenue_minor if balance.revenue_minor > 0 else None
