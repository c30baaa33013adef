from loopline.reports.metric import AddsUp, Metric, Unit

METRIC = Metric(
    key="people",
    label="People",
    short="People",
    unit=Unit.COUNT,
    formula="different known people with a touchpoint; strangers are not people yet",
    grain="person, merged ones as one",
    period_date="touchpoint",
    cohort_date="touchpoint",
    adds_up=AddsUp.DISTINCT,
    value=lambda row: row.people if row.has_visits else None,
)
