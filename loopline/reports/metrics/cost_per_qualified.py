from loopline.reports.metric import AddsUp, Metric, Unit, cost_per

METRIC = Metric(
    key="cost_per_qualified_minor",
    label="Cost per qualified lead",
    short="per qualified",
    unit=Unit.MONEY,
    formula="cost ÷ qualified leads; undefined without cost or without qualified leads",
    grain="row",
    period_date="day of the cost, lead qualified",
    cohort_date="day of the cost, touchpoint",
    adds_up=AddsUp.RATIO,
    value=lambda row: cost_per(row.spent_minor, row.qualified),
    parts=("cost_minor", "qualified"),
    is_less_better=True,
)
