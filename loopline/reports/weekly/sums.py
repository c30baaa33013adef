"""The weekly table as a report to keep and to mail: its weeks, each with all of its channels together, newest first."""

from collections.abc import Sequence
from dataclasses import replace

from loopline.reports.charts.rows import line
from loopline.reports.charts.specs import Chart
from loopline.reports.dimension import TOTAL
from loopline.reports.metric import Number
from loopline.reports.options import Scope
from loopline.reports.report import Report, result_of
from loopline.reports.result import ReportResult, Row
from loopline.reports.weekly.figures import COST, FIGURES, KEY, LEADS, REVENUE, TOUCHES
from loopline.reports.weekly.table import BY, Line, WeeklyTable, lines_in
from loopline.store.engine import Engine


def weeks_of(table: WeeklyTable) -> ReportResult:
    """The weeks as rows; their sums are those of the table's lines."""
    by_week: dict[str, list[Line]] = {}
    for one in table.lines:
        by_week.setdefault(one.week.isoformat(), []).append(one)
    rows = [Row(week, f"{lines[0].week:%-d %b %Y}", values=summed(lines)) for week, lines in reversed(by_week.items())]
    return result_with(table, "Week of", rows)


def result_with(table: WeeklyTable, head: str, rows: list[Row]) -> ReportResult:
    """These rows, with the total of the table and what a reader has to mind."""
    result = result_of(WEEKLY, table.scope, head, rows, Row(TOTAL, "Total", values=summed(table.lines)))
    result.title = WEEKLY.label
    result.check, result.warnings = table.check, table.minds
    return result


def summed(lines: Sequence[Line]) -> dict[str, Number]:
    """Figures of these lines together; a spend that is known of none of them is unknown."""
    spends = [one.spend_minor for one in lines if one.spend_minor is not None]
    return {
        COST.key: sum(spends) if spends else None,
        TOUCHES.key: sum(one.touches for one in lines),
        LEADS.key: round(sum(one.leads for one in lines), 6),
        REVENUE.key: sum(one.revenue_minor for one in lines),
    }


def _run(_report: Report, scope: Scope, engine: Engine) -> ReportResult:
    return weeks_of(lines_in(scope, engine, has_units=scope.options.by == "unit"))


def _chart(result: ReportResult) -> Chart:
    """Weeks from left to right."""
    return line(replace(result, rows=result.rows[::-1]), REVENUE.key)


WEEKLY = Report(
    key=KEY,
    label="Weekly table",
    summary="Spend, touches, leads and revenue of each channel in each week, as packages of marketing-mix models "
    "take them.",
    question="What went into each channel each week, and what came out?",
    metrics=FIGURES,
    run=_run,
    by=BY,
    reads=frozenset({"model", "lookback"}),
    shares_credit=True,
    ignores=frozenset({"compare", "conversion"}),
    chart=_chart,
    leading=(COST.key, REVENUE.key, LEADS.key, TOUCHES.key),
)
