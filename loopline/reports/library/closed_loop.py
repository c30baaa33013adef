"""Closed loop: what each row cost, and what it earned."""

from loopline.reports.closed_loop import run
from loopline.reports.report import Report

REPORT = Report(
    key="closed-loop",
    label="Closed loop",
    summary="Sessions, people, leads, opportunities, revenue and cost by campaign, channel, landing page and more: "
    "what was spent, and what it earned.",
    metrics=(
        "sessions", "people", "leads", "converted", "opportunities", "won", "revenue_minor", "cost_minor",
        "cost_per_lead_minor", "cost_per_opportunity_minor", "romi",
    ),
    run=run,
)  # fmt: skip
