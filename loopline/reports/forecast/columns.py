"""What the forecast tells of a month: the sum of three sources, and its range."""

from dataclasses import replace

from loopline.reports.forecast.outlook import PACE_DAYS
from loopline.reports.metric import Metric, Unit, ratio_of, sum_of

_DATED = "expected closing date"


def _money(key: str, label: str, formula: str, short: str) -> Metric:
    return sum_of(key, label, formula, of="opportunity or lead", dated=_DATED, unit=Unit.MONEY, short=short)


def _bound(key: str, label: str, formula: str) -> Metric:
    return ratio_of(key, label, formula, dated=_DATED, unit=Unit.MONEY)


SOURCES = ("from_open_minor", "from_leads_minor", "to_come_minor")
METRICS = (
    replace(_money("expected_minor", "Expected", "all three sources together, the mean of the draws", "Expected"),
            parts=SOURCES),
    _bound("expected_low_minor", "At least", "9 of 10 draws gave more; a draw that is bad in one month need not be bad "
           "in the next, so the total is not the sum of the months"),
    _bound("expected_high_minor", "At most", "9 of 10 draws gave less"),
    _money("from_open_minor", "From open opportunities", "open opportunities × the share won, and when, of "
           "those that had waited as long in their stage", "From open"),
    _money("from_leads_minor", "From leads in hand", "leads without an opportunity, not given up × the share won of "
           "older leads that were so at their age × the mean amount", "From leads"),
    _money("to_come_minor", "From leads to come", f"as many leads a day as in the last {PACE_DAYS} days × the same",
           "From leads to come"),
)  # fmt: skip
