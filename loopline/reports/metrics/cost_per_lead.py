from loopline.reports.metric import AddsUp, Metric, Unit, cost_per

METRIC = Metric(
    key="cost_per_lead_minor",
    label="Cost per lead",
    short="per lead",
    unit=Unit.MONEY,
    formula="cost ÷ leads; undefined without cost or without leads",
    grain="row",
    period_date="day of the cost, lead created",
    cohort_date="day of the cost, touchpoint",
    adds_up=AddsUp.RATIO,
    value=lambda row: cost_per(row.spent_minor, row.leads),
    parts=("cost_minor", "leads"),
    is_less_better=True,
)
