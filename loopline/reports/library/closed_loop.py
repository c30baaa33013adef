"""Closed loop: what each row cost, and what it earned."""

from loopline.reports.charts.specs import by_row_chart
from loopline.reports.closed_loop import at_window, run, run_both
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.metric import METRICS
from loopline.reports.report import Report

REPORT = Report(
    key="closed-loop",
    label="Closed loop",
    summary="Sessions, people, leads, opportunities, revenue and cost by campaign, channel, landing page and more: "
    "what was spent, and what it earned.",
    question="What was spent, and what did it earn?",
    metrics=tuple(
        METRICS[key]
        for key in (
            "sessions", "people", "leads", "converted", "opportunities", "won", "revenue_minor", "cost_minor",
            "cost_per_lead_minor", "cost_per_opportunity_minor", "romi",
        )
    ),
    run=run,
    run_both=run_both,
    at_window=at_window,
    has_course=True,
    chart=lambda result: by_row_chart(result.rows, result.currency),
    by={"campaign": DIMENSIONS["campaign"].label} | {key: one.label for key, one in DIMENSIONS.items()},
    leading=("revenue_minor", "cost_minor", "romi", "leads", "opportunities", "cost_per_opportunity_minor"),
    usual_period="last_90_days",
    reads=frozenset({"clock", "model", "lookback"}),
    rests_on=frozenset({"won", "cost"}),
)  # fmt: skip
