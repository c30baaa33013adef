"""What a metric is: one object with its name, unit, formula and how it adds up. Each lives in `reports/metrics/`."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from loopline.attribution.conversions import MICRO_UNITS
from loopline.lib.registry import scan
from loopline.reports.figures import Figures

Number = int | float | None
"""None is undefined or unknown, printed as —; it is never 0."""


class Unit(StrEnum):
    COUNT = "count"
    MONEY = "money"
    """Minor units of the reporting currency."""
    AMOUNT = "amount"
    """Major units of it, to the cent: what some rows of a column of counts hold."""
    PERCENT = "percent"
    HOURS = "hours"


class AddsUp(StrEnum):
    SUM = "the rows add up to the total"
    DISTINCT = "someone in several rows counts once in the total"
    NEVER = "never added up: several platforms claim the same buyer"
    APART = "never added up: each row counts something else"
    RATIO = "the total is the ratio of the totals"


def _told_by_its_report(_row: Figures) -> Number:
    return None


@dataclass(frozen=True, slots=True)
class Metric:
    key: str
    label: str
    short: str
    """The head of its column."""
    unit: Unit
    formula: str
    grain: str
    """What is counted: session, person, lead, …"""
    period_date: str
    """Which date decides on the period clock."""
    cohort_date: str
    adds_up: AddsUp
    value: Callable[[Figures], Number] = _told_by_its_report
    """From the figures of the closed loop; a report with a question of its own tells its metrics itself."""
    parts: tuple[str, ...] = ()
    """Metrics a ratio is made of, so that it can be opened."""
    is_less_better: bool = False
    is_neutral: bool = False
    """More of it is neither good nor bad by itself, such as cost."""
    is_compared: bool = True
    """False where the period before says nothing about it: what is so at this moment, and what becomes of records, for
    which younger ones had less time."""
    ripens: bool = False
    """It goes on growing as the records of the period get older: compared only where these can be judged."""

    def date_basis(self, clock: str) -> str:
        return self.cohort_date if clock == "cohort" else self.period_date

    def told(self, currency: str, clock: str = "period") -> dict[str, object]:
        """The metric as a column of a report says it, in files, API and command line alike."""
        return {
            "key": self.key,
            "label": self.label,
            "short": self.short,
            "unit": {Unit.MONEY: f"{currency} minor units", Unit.AMOUNT: currency}.get(self.unit, str(self.unit)),
            "formula": self.formula,
            "date_basis": self.date_basis(clock),
            "grain": self.grain,
            "adds_up": str(self.adds_up),
            "is_less_better": self.is_less_better,
        }


def sum_of(
    key: str, label: str, formula: str, *, of: str, dated: str, unit: Unit = Unit.COUNT, short: str = "",
    is_less_better: bool = False, is_neutral: bool = False, is_compared: bool = True, ripens: bool = False,
) -> Metric:  # fmt: skip
    """A metric whose rows add up to the total, the same on both clocks."""
    return Metric(
        key=key, label=label, short=short or label, unit=unit, formula=formula, grain=of, period_date=dated,
        cohort_date=dated, adds_up=AddsUp.SUM, is_less_better=is_less_better, is_neutral=is_neutral,
        is_compared=is_compared, ripens=ripens,
    )  # fmt: skip


def ratio_of(
    key: str, label: str, formula: str, *parts: str, dated: str, unit: Unit = Unit.PERCENT, short: str = "",
    is_less_better: bool = False, is_neutral: bool = False, is_compared: bool = True, ripens: bool = False,
) -> Metric:  # fmt: skip
    """A metric told from the other figures of its row, the same on both clocks. Of times less is better."""
    return Metric(
        key=key, label=label, short=short or label, unit=unit, formula=formula, grain="row", period_date=dated,
        cohort_date=dated, adds_up=AddsUp.RATIO, parts=parts, is_less_better=is_less_better or unit is Unit.HOURS,
        is_neutral=is_neutral, is_compared=is_compared, ripens=ripens,
    )  # fmt: skip


def whole(micro: int) -> Number:
    """Micro-units as a count: a whole number where it is one."""
    return micro // MICRO_UNITS if micro % MICRO_UNITS == 0 else round(micro / MICRO_UNITS, 6)


def cost_per(cost_minor: int | None, micro: int) -> Number:
    """Cost ÷ count in whole minor units, halves to the even neighbour.

    Undefined without a count, without cost, or where more came back than was spent.
    """
    return None if cost_minor is None or cost_minor < 0 or micro == 0 else round(cost_minor * MICRO_UNITS / micro)


METRICS: dict[str, Metric] = scan("loopline.reports.metrics", "METRIC", Metric)
