from loopline.reports.figures import Figures
from loopline.reports.metric import AddsUp, Metric, Number, Unit


def _romi(row: Figures) -> Number:
    cost = row.spent_minor
    return round((row.contribution - 100 * cost) / cost, 4) if cost and cost > 0 else None


METRIC = Metric(
    key="romi",
    label="ROMI",
    short="ROMI",
    unit=Unit.PERCENT,
    formula="(revenue × contribution margin − cost) ÷ cost; undefined without a cost above zero",
    grain="row",
    period_date="closing date, day of the cost",
    cohort_date="touchpoint, day of the cost",
    adds_up=AddsUp.RATIO,
    value=_romi,
    parts=("revenue_minor", "cost_minor"),
)
