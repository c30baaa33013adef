"""The weekly table as a report whose rows are its lines: each figure opens, and it can be told what changed in it."""

from dataclasses import replace

from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult, Row
from loopline.reports.weekly.behind_line import open_line
from loopline.reports.weekly.figures import FIGURES
from loopline.reports.weekly.sums import WEEKLY, result_with, summed
from loopline.reports.weekly.table import Line, lines_in
from loopline.store.engine import Engine


def _run(_report: Report, scope: Scope, engine: Engine) -> ReportResult:
    table = lines_in(scope, engine, has_units=scope.options.by == "unit")
    result = result_with(table, "Week and channel", [_row(one) for one in table.lines])
    result.by = scope.options.by
    return result


def _row(one: Line) -> Row:
    label = " · ".join(filter(None, (f"{one.week:%-d %b %Y}", one.unit, one.channel)))
    return Row(one.key, label, values=summed([one]))


LINES = replace(WEEKLY, run=_run, chart=None, open=open_line, opens=frozenset(one.key for one in FIGURES))
