from loopline.reports.metric import AddsUp, Metric, Unit, whole

METRIC = Metric(
    key="opportunities",
    label="Opportunities",
    short="Opps",
    unit=Unit.COUNT,
    formula="opportunities created whose path holds the row, shared by the model",
    grain="opportunity",
    period_date="opportunity created",
    cohort_date="touchpoint of the opportunity's path",
    adds_up=AddsUp.SUM,
    value=lambda row: whole(row.opportunities),
)
