from loopline.reports.metric import AddsUp, Metric, Unit, whole

METRIC = Metric(
    key="won",
    label="Won opportunities",
    short="Won",
    unit=Unit.COUNT,
    formula="opportunities won whose path holds the row, shared by the model",
    grain="opportunity",
    period_date="closing date",
    cohort_date="touchpoint of the opportunity's path",
    adds_up=AddsUp.SUM,
    value=lambda row: whole(row.won),
)
