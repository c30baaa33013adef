"""A report that is kept as it was: its digest, and its result again from what was kept.

The digest is SHA-256 over the figures in one canonical form: what was asked, then every row by its key with every
figure by its column, in the order of their keys. Names are left out: what a renamed campaign earned stays the same.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from loopline.reports.metric import AddsUp, Metric, Number, Unit
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
    content = [asked, keys, rows]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _plain(value: Number) -> str:
    """A figure in one way of writing: whole numbers without a point, others to a millionth; "" where unknown."""
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else f"{value:.{DIGITS}f}"


def result_from(told: Mapping[str, Any]) -> ReportResult:
    """The result that `ReportResult.to_json` wrote."""
    metrics = [_metric(one) for one in told["columns"]]
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
    )


def _balance(told: Mapping[str, Any]) -> Balance:
    counted = told.get("counted")
    return Balance(**_without_verdict(told) | {"counted": Counted(**counted) if counted else None})


def _without_verdict(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "holds"}


def _metric(told: Mapping[str, Any]) -> Metric:
    unit = Unit.MONEY if str(told["unit"]).endswith("minor units") else Unit(told["unit"])
    return Metric(
        key=told["key"], label=told["label"], short=told["short"], unit=unit, formula=told["formula"],
        grain=told["grain"], period_date=told["date_basis"], cohort_date=told["date_basis"],
        adds_up=AddsUp(told["adds_up"]), is_less_better=bool(told.get("is_less_better")),
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
                found.append(Difference(label, metric, old, new))
    return found
