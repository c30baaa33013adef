"""What a report is. Each lives in its own file in `reports/library/` and exports REPORT."""

from collections.abc import Callable
from dataclasses import dataclass

from loopline.lib.registry import scan
from loopline.reports.options import Scope
from loopline.reports.result import ReportResult
from loopline.store.engine import Engine


@dataclass(frozen=True, slots=True)
class Report:
    key: str
    label: str
    summary: str
    metrics: tuple[str, ...]
    """Keys of its columns, in their order."""
    run: Callable[["Report", Scope, Engine], ReportResult]


REPORTS: dict[str, Report] = scan("loopline.reports.library", "REPORT", Report)
