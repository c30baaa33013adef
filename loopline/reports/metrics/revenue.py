from loopline.reports.metric import AddsUp, Metric, Unit

METRIC = Metric(
    key="revenue_minor",
    label="Revenue",
    short="Revenue",
    unit=Unit.MONEY,
    formula="amount of won opportunities, less refunds, at the rate of the closing date, shared by the model",
    grain="opportunity",
    period_date="closing date",
    cohort_date="touchpoint of the opportunity's path",
    adds_up=AddsUp.SUM,
    value=lambda row: row.revenue_minor,
)
