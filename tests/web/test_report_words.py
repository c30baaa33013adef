"""How a key figure changed against the period before: when it is said, and when it would say nothing."""

from datetime import UTC, date, datetime

import pytest

from loopline.reports.catalogue import CATALOGUE
from loopline.reports.result import ReportResult, Row
from loopline.web.report_words import changes


def told(key: str, value: float | None) -> ReportResult:
    moment = datetime(2024, 3, 31, tzinfo=UTC)
    return ReportResult(
        report="it-costs", title="", question="", by="", model="", clock="", first=date(2024, 3, 1),
        last=date(2024, 3, 31), as_of=moment, lookback_days=None, metrics=[CATALOGUE[key]], rows=[],
        totals=Row("~total", "Total", values={key: value}), currency="EUR", head="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "before", "now", "change", "tone"),
    [
        ("it_per_lead_minor", 100, 87, "−13\u00a0%", "good"),
        ("it_share", 6.0, 5.0, "−1\u00a0pt", ""),
        ("events_collected", 100, 118, "+18\u00a0%", ""),
        ("it_minor", 7078, 7078, "±0\u00a0%", ""),
        ("at_stake_minor", 100, 100, "", ""),
        ("quiet_hours", 100, 1, "", ""),
        ("won_of_handed", 31.0, 16.0, "", ""),
        ("opened_won_rate", 46.0, 33.0, "", ""),
    ],
)
def test_a_change_is_said_where_the_period_before_says_something(
    key: str, before: float, now: float, change: str, tone: str
) -> None:
    [figure] = changes([CATALOGUE[key]], told(key, now), told(key, before))
    assert (figure.change, figure.tone) == (change, tone)
