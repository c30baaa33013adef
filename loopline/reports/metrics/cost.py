from loopline.reports.metric import AddsUp, Metric, Unit

METRIC = Metric(
    key="cost_minor",
    label="Cost",
    short="Cost",
    unit=Unit.MONEY,
    formula="actual cost lines, each spread evenly over its days; — where none is known",
    grain="cost line and day",
    period_date="day of the cost",
    cohort_date="day of the cost",
    adds_up=AddsUp.SUM,
    value=lambda row: row.cost_minor,
    is_less_better=True,
    is_neutral=True,
)
