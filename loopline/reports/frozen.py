"""A report that is kept as it was: its digest, and its result again from what was kept.

The digest is SHA-256 over the figures in one canonical form: what was asked, then every row by its key with every
figure by its column, in the order of their keys, then what each row shows over time. Names are left out: what a renamed
campaign earned stays the same. Runs of before this was kept have no course over time, and their digest none of it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from loopline.reports.catalogue import FIGURES_OF
from loopline.reports.metric import METRICS, AddsUp, Metric, Number, Unit
from loopline.reports.over_time.slices import described_slice
from loopline.reports.over_time.sparks import Sparks
from loopline.reports.periods import Period
from loopline.reports.result import NOTHING_HERE, Balance, Check, Counted, ReportResult, Row
from loopline.reports.unusual import Unusual

COUNTS = ("conversion", "people", "touch_kinds", "direct", "humans_only")
"""What counts in a run that deals out credit (`Options.counts`)."""
ASKED = ("report", "by", "model", "clock", "from", "to", "lookback_days", "currency")
DIGITS = 6


def digest_of(told: Mapping[str, Any]) -> str:
    """Of a report's JSON: 64 hexadecimal digits, the same whenever and wherever the figures are the same."""
    keys = sorted(str(one["key"]) for one in told["columns"])
    rows = sorted([str(row["key"]), *(_plain(row[key]) for key in keys)] for row in [*told["rows"], told["totals"]])
    asked = [str(told[name]) for name in ASKED] + [str(told.get(name)) for name in COUNTS]
    content = [asked, keys, rows, *([_course(told)] if told.get("over_time") else [])]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _course(told: Mapping[str, Any]) -> list[Any]:
    """What the rows show over time, without nothings: a week of the period that begins later changes no figure."""
    about = told["over_time"]
    periods = [(one["from"], one["to"]) for one in about["periods"]]
    nothing = None if about["unit"] == Unit.PERCENT else 0
    rows = [
        [str(row["key"]), None if row["over_time"] is None else
         [[*period, _plain(value)] for period, value in zip(periods, row["over_time"], strict=True)
          if value is not None and value != nothing]]
        for row in told["rows"]
    ]  # fmt: skip
    return [about["metric"], about["step"], sorted(rows, key=lambda row: str(row[0]))]


def told_alike(result: ReportResult, kept: Mapping[str, Any], ask: Callable[[], Sparks | None]) -> dict[str, Any]:
    """The JSON of `result` with what it shows over time where `kept` has that, so that their digests compare."""
    course = ask() if kept.get("over_time") else None
    return course.told(result.to_json()) if course else result.to_json()


def _plain(value: Number) -> str:
    """A figure in one way of writing: whole numbers without a point, others to a millionth; "" where unknown."""
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else f"{value:.{DIGITS}f}"


def result_from(told: Mapping[str, Any]) -> ReportResult:
    """The result that `ReportResult.to_json` wrote, with its course over time where that was written beside it."""
    parts = {one.key: one.parts for one in [*METRICS.values(), *FIGURES_OF[told["report"]]]}
    metrics = [_metric(one, parts.get(one["key"], ())) for one in told["columns"]]
    unusual = [Unusual(one["key"], one["records"], one["amounts_minor"], one["text"])
               for one in told.get("unusual", ())]  # fmt: skip
    said = {NOTHING_HERE, *(one.sentence for one in unusual)}
    return ReportResult(
        report=told["report"],
        title=told["title"],
        question=told["question"],
        by=told["by"],
        model=told["model"],
        clock=told["clock"],
        first=date.fromisoformat(told["from"]),
        last=date.fromisoformat(told["to"]),
        as_of=datetime.fromisoformat(told["as_of"]),
        lookback_days=told["lookback_days"],
        metrics=metrics,
        rows=[_row(row, metrics) for row in told["rows"]],
        totals=_row(told["totals"], metrics),
        currency=told["currency"],
        head=told["head"],
        balance=_balance(told["balance"]) if told["balance"] else None,
        check=Check(**_without_verdict(told["check"])) if told["check"] else None,
        unusual=unusual,
        warnings=[words for words in told["warnings"] if words not in said],
        machine_sessions=told["machine_sessions_left_out"],
        has_total=told["has_total"],
        ripe=told.get("ripe_percent"),
        is_young=told.get("is_young", False),
        counts={name: told[name] for name in COUNTS if name in told},
        over_time=_sparks(told, metrics) if told.get("over_time") else None,
    )


def _sparks(told: Mapping[str, Any], metrics: list[Metric]) -> Sparks:
    about = told["over_time"]
    days = [(date.fromisoformat(one["from"]), date.fromisoformat(one["to"])) for one in about["periods"]]
    points = {row["key"]: row["over_time"] for row in told["rows"]}
    return Sparks(
        step=about["step"],
        periods=tuple(Period(first.isoformat(), described_slice(about["step"], first), first, last)
                      for first, last in days),
        by_row={key: tuple(values) for key, values in points.items() if values is not None},
        metric=next(metric for metric in metrics if metric.key == about["metric"]),
        unknown=frozenset(key for key, values in points.items() if values is None),
    )  # fmt: skip


def _balance(told: Mapping[str, Any]) -> Balance:
    counted = told.get("counted")
    return Balance(**_without_verdict(told) | {"counted": Counted(**counted) if counted else None})


def _without_verdict(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "holds"}


def _metric(told: Mapping[str, Any], parts: tuple[str, ...]) -> Metric:
    """`parts`: of which others it is made, as the report of today says it; what is kept does not."""
    unit = Unit.MONEY if str(told["unit"]).endswith("minor units") else Unit(told["unit"])
    return Metric(
        key=told["key"], label=told["label"], short=told["short"], unit=unit, formula=told["formula"],
        grain=told["grain"], period_date=told["date_basis"], cohort_date=told["date_basis"],
        adds_up=AddsUp(told["adds_up"]), is_less_better=bool(told.get("is_less_better")), parts=parts,
    )  # fmt: skip


def _row(told: Mapping[str, Any], metrics: list[Metric]) -> Row:
    return Row(
        key=told["key"], label=told["label"], note=told["note"], is_rest=told["is_rest"],
        values={metric.key: told[metric.key] for metric in metrics}, cost_note=told["cost_incomplete"],
        young_note=told["immature"],
        mind=told.get("mind", ""),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is not what it was."""

    key: str
    row: str
    metric: Metric
    before: Number
    after: Number


def differences(before: ReportResult, after: ReportResult) -> list[Difference]:
    """Figures that differ, row by row in the order of `after`; a row that is new or gone was unknown or is now."""
    was = {row.key: row for row in [*before.rows, before.totals]}
    now = {row.key: row for row in [*after.rows, after.totals]}
    found = []
    for key in [*now, *(key for key in was if key not in now)]:
        label = (now.get(key) or was[key]).label
        for metric in after.metrics:
            old, new = (side[key].values.get(metric.key) if key in side else None for side in (was, now))
            if _plain(old) != _plain(new):
                found.append(Difference(key, label, metric, old, new))
    return found
