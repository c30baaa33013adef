from loopline.reports.metric import AddsUp, Metric, Unit, whole

METRIC = Metric(
    key="qualified",
    label="Qualified leads",
    short="Qualified",
    unit=Unit.COUNT,
    formula="leads qualified whose path holds the row, shared by the model",
    grain="lead",
    period_date="lead qualified",
    cohort_date="touchpoint of the lead's path",
    adds_up=AddsUp.SUM,
    value=lambda row: whole(row.qualified),
)
