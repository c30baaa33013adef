"""One figure of each row over the period: the small chart beside it. The points of a row add up to its figure, where
that is a sum; those of a share are the share in each slice, None where there is nothing to share in it.

Revenue of the closed loop is on the period clock dated by closing, in a cohort by the touchpoint, as the figure itself
is; it comes with the report (`tally.py`). Reports that count records cut theirs in `counted_sparks.py`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from loopline.reports.dimension import OTHERS
from loopline.reports.metric import METRICS, AddsUp, Metric, Number, Unit
from loopline.reports.periods import Period

Points = tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Sparks:
    step: str
    """week, month, …: what a point is."""
    periods: tuple[Period, ...]
    by_row: Mapping[str, Points]
    """Row → the figure in each of the periods (money in minor units); rows without any are left out."""
    metric: Metric = METRICS["revenue_minor"]
    """Whose points these are."""
    unknown: frozenset[str] = frozenset()
    """Rows whose figure is not known, over time neither."""
    knows_all: bool = True
    """False where a row without points is one whose figure is not known."""

    def of(self, row: str) -> Points | None:
        """A point a period; None where the figure of the row is not known."""
        if row in self.unknown or (row not in self.by_row and not self.knows_all):
            return None
        return self.by_row.get(row, (0,) * len(self.periods))

    def listed(self, rows: Collection[str]) -> "Sparks":
        """As a result lists its rows: where one stands for all others, its points are theirs together."""
        if OTHERS not in rows:
            return self
        if self.metric.adds_up is not AddsUp.SUM:
            return replace(self, unknown=self.unknown | {OTHERS})
        rest = [points for key, points in self.by_row.items() if key not in rows]
        together = tuple(sum(one or 0 for one in column) for column in zip(*rest, strict=True))
        together = together or (0,) * len(self.periods)
        return replace(self, by_row={**self.by_row, OTHERS: together})

    def told(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON of the report with the points of each row beside its figures."""
        periods = [{"from": one.first.isoformat(), "to": one.last.isoformat()} for one in self.periods]
        rows = [row | {"over_time": self._list(row["key"])} for row in result["rows"]]
        about = {"metric": self.metric.key, "label": self.metric.label, "step": self.step, "periods": periods}
        about["unit"] = f"{result['currency']} minor units" if self.metric.unit is Unit.MONEY else str(self.metric.unit)
        return {**result, "rows": rows, "over_time": about}

    def _list(self, row: str) -> list[Number] | None:
        points = self.of(row)
        return None if points is None else list(points)
