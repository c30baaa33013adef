"""The weekly table as a report whose rows are its lines: each figure opens, it can be told what changed in it, and it
can be frozen."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult, Row
from loopline.reports.weekly.behind_line import open_line
from loopline.reports.weekly.figures import COST, FIGURES, LEADS, REVENUE, TOUCHES
from loopline.reports.weekly.sums import WEEKLY, result_with, summed
from loopline.reports.weekly.table import NAMES, RESTS_ON, Line, lines_in
from loopline.store.engine import Engine


def _run(_report: Report, scope: Scope, engine: Engine) -> ReportResult:
    table = lines_in(scope, engine, has_units=scope.options.by == "unit")
    result = result_with(table, "Week and channel", [_row(one) for one in table.lines])
    result.by = scope.options.by
    return result


def _row(one: Line) -> Row:
    label = BETWEEN.join(filter(None, (_day(one.week), one.unit, one.channel)))
    return Row(one.key, label, values=summed([one]))


def _day(week: date) -> str:
    return f"{week:%-d %b %Y}"


def as_table(told: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of the weekly table again, from that of this report: so a frozen run leaves as the same files."""
    has_units = told["by"] == "unit"
    same = ("report", "title", "from", "to", "as_of", "model", "currency", "by", "warnings")
    return {name: told[name] for name in same} | {
        "holds": told["check"]["holds"],
        "rows": [_line(row, has_units=has_units) for row in told["rows"]],
    }


def _line(row: Mapping[str, Any], *, has_units: bool) -> dict[str, Any]:
    week, unit_id, key = row["key"].split("/", 2)
    channel, day = NAMES.get(key, key), _day(date.fromisoformat(week))
    unit = row["label"].removeprefix(f"{day}{BETWEEN}").removesuffix(f"{BETWEEN}{channel}") if unit_id else ""
    return {
        "week": week,
        **({"unit": unit} if has_units else {}),
        "channel": channel,
        "spend_minor": row[COST.key],
        "touches": row[TOUCHES.key],
        "leads": row[LEADS.key],
        "revenue_minor": row[REVENUE.key],
    }


BETWEEN = " · "
LINES = replace(
    WEEKLY, run=_run, chart=None, open=open_line, opens=frozenset(one.key for one in FIGURES), rests_on=RESTS_ON
)
