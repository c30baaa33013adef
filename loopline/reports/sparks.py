"""One figure of each row over the period: the small chart beside it. The points of a row add up to its figure.

Revenue of the closed loop is on the period clock dated by closing, in a cohort by the touchpoint, as the figure itself
is; it comes with the report (`tally.py`). Reports that count records cut theirs in `counted_sparks.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loopline.reports.metric import METRICS, Metric
from loopline.reports.periods import Period


@dataclass(frozen=True, slots=True)
class Sparks:
    step: str
    """week, month, …: what a point is."""
    periods: tuple[Period, ...]
    by_row: Mapping[str, tuple[int, ...]]
    """Row → the figure in each of the periods (money in minor units); rows without any are left out."""
    metric: Metric = METRICS["revenue_minor"]
    """Whose points these are."""

    def of(self, row: str) -> tuple[int, ...]:
        return self.by_row.get(row, (0,) * len(self.periods))

    def told(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON of the report with the points of each row beside its figures."""
        periods = [{"from": one.first.isoformat(), "to": one.last.isoformat()} for one in self.periods]
        rows = [row | {"over_time": list(self.of(row["key"]))} for row in result["rows"]]
        return {**result, "rows": rows, "over_time": {"metric": self.metric.key, "step": self.step, "periods": periods}}
