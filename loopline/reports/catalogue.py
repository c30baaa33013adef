"""The library of reports and the catalogue of metrics: everything there is, by its key."""

from collections.abc import Mapping

from loopline.lib.registry import RegistryError, scan
from loopline.reports.metric import METRICS, Metric
from loopline.reports.report import Report


def _catalogue(reports: Mapping[str, Report]) -> dict[str, Metric]:
    """Every metric there is, shared ones and those of one report; the same key never means two things."""
    found = dict(METRICS)
    for report in reports.values():
        for metric in report.metrics:
            if found.setdefault(metric.key, metric) != metric:
                raise RegistryError(f"the report {report.key} gives another meaning to the metric {metric.key!r}")
    return found


REPORTS: dict[str, Report] = scan("loopline.reports.library", "REPORT", Report)
CATALOGUE: dict[str, Metric] = _catalogue(REPORTS)
