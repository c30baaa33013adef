"""The figures of the weekly table: those of the closed loop by channel, and touches, which it alone counts."""

from loopline.reports.metric import METRICS, sum_of

KEY = "weekly"
COST, LEADS, REVENUE = METRICS["cost_minor"], METRICS["leads"], METRICS["revenue_minor"]
TOUCHES = sum_of(
    "touches", "Touches", "touchpoints that may earn, by humans", of="touchpoint", dated="day of the touchpoint"
)
FIGURES = (COST, TOUCHES, LEADS, REVENUE)
