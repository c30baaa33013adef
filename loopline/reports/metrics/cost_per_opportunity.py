from loopline.reports.metric import AddsUp, Metric, Unit, cost_per

METRIC = Metric(
    key="cost_per_opportunity_minor",
    label="Cost per opportunity",
    short="per opp.",
    unit=Unit.MONEY,
    formula="cost ÷ opportunities; undefined without cost or without opportunities",
    grain="row",
    period_date="day of the cost, opportunity created",
    cohort_date="day of the cost, touchpoint",
    adds_up=AddsUp.RATIO,
    value=lambda row: cost_per(row.spent_minor, row.opportunities),
    parts=("cost_minor", "opportunities"),
    is_less_better=True,
)
