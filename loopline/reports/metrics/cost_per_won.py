from loopline.reports.metric import AddsUp, Metric, Unit, cost_per

METRIC = Metric(
    key="cost_per_won_minor",
    label="Cost per won opportunity",
    short="per won",
    unit=Unit.MONEY,
    formula="cost ÷ won; undefined without cost or without won opportunities",
    grain="row",
    period_date="day of the cost, closing date",
    cohort_date="day of the cost, touchpoint",
    adds_up=AddsUp.RATIO,
    value=lambda row: cost_per(row.spent_minor, row.won),
    parts=("cost_minor", "won"),
    is_less_better=True,
)
