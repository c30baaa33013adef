"""The library of reports and the catalogue of metrics: everything there is, by its key."""

from collections.abc import Mapping

from loopline.lib.registry import RegistryError, scan
from loopline.reports.metric import METRICS, Metric
from loopline.reports.report import Report
from loopline.reports.weekly.figures import FIGURES, KEY


def _catalogue(reports: Mapping[str, tuple[Metric, ...]]) -> dict[str, Metric]:
    """Every metric there is, shared ones and those of one report; the same key never means two things."""
    found = dict(METRICS)
    for key, metrics in reports.items():
        for metric in metrics:
            if found.setdefault(metric.key, metric) != metric:
                raise RegistryError(f"the report {key} gives another meaning to the metric {metric.key!r}")
    return found


REPORTS: dict[str, Report] = scan("loopline.reports.library", "REPORT", Report)
FIGURES_OF: dict[str, tuple[Metric, ...]] = {key: report.metrics for key, report in REPORTS.items()} | {KEY: FIGURES}
"""Report → its metrics; the weekly table, which is not of the library, too."""
CATALOGUE: dict[str, Metric] = _catalogue(FIGURES_OF)


def reports_of(metric: Metric) -> list[str]:
    """Keys of the reports that have the metric as a column; what each asks for it is told by its SQL. The closed loop
    has the shared ones, some only where one conversion is asked for."""
    return [key for key, own in FIGURES_OF.items() if metric in own or (key == "closed-loop" and metric.key in METRICS)]
