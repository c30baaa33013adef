from loopline.reports.metric import AddsUp, Metric, Unit

METRIC = Metric(
    key="sessions",
    label="Sessions",
    short="Sessions",
    unit=Unit.COUNT,
    formula="sessions begun by humans",
    grain="session",
    period_date="start of the session",
    cohort_date="start of the session",
    adds_up=AddsUp.SUM,
    value=lambda row: row.sessions if row.has_visits else None,
)
