from loopline.reports.metric import AddsUp, Metric, Unit, whole

METRIC = Metric(
    key="leads",
    label="Leads",
    short="Leads",
    unit=Unit.COUNT,
    formula="leads created whose path holds the row, shared by the model",
    grain="lead",
    period_date="lead created",
    cohort_date="touchpoint of the lead's path",
    adds_up=AddsUp.SUM,
    value=lambda row: whole(row.leads),
)
