from loopline.reports.metric import AddsUp, Metric, Unit, whole

METRIC = Metric(
    key="converted",
    label="Converted leads",
    short="Converted",
    unit=Unit.COUNT,
    formula="those of the leads that have a linked opportunity by now",
    grain="lead",
    period_date="lead created",
    cohort_date="touchpoint of the lead's path",
    adds_up=AddsUp.SUM,
    value=lambda row: whole(row.converted),
)
