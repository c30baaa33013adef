"""Open opportunities, and how decided ones fared: questions about opportunities that the forecast asks."""

from loopline.attribution.state import question, visible
from loopline.reports.counting import in_period
from loopline.reports.forecast.stood import SINCE
from loopline.reports.forecast.workings import SALES
from loopline.reports.straight import straight

OPEN = question(
    """
    SELECT s.id AS id, epoch_us(s.created_at) AS at_us, s.stage AS stage,
        floor(($as_of_us - epoch_us(s.created_at)) / 86400000000) AS age,
        floor(($as_of_us - w.entered_us) / 86400000000) AS waited, s.reporting_minor AS reporting_minor
    FROM sales AS s LEFT JOIN since AS w ON w.id = s.id WHERE s.outcome = 'open' ORDER BY s.id
    """,
    SALES,
    SINCE,
)
IN_THE_BOOKS = f"""
SELECT count(*) AS sales
FROM {straight("opportunity_facts")} WHERE outcome = 'open' AND {visible("unit_id")}
"""
BY_STAGE = question(
    f"""
    SELECT r.stage AS stage, s.outcome AS outcome, count(*) AS sales
    FROM (SELECT DISTINCT id, stage FROM opportunity_facts WHERE recorded_at <= $as_of AND stage <> '') AS r
    JOIN sales AS s ON s.id = r.id
    WHERE s.outcome IN ('won', 'lost') AND {in_period("s.closed_at")} GROUP BY r.stage, s.outcome
    """,
    SALES,
)
WON = question(
    f"""
    SELECT (epoch(closed_at) - epoch(created_at)) / 86400.0 AS lag, reporting_minor FROM sales
    WHERE outcome = 'won' AND reporting_minor IS NOT NULL AND {in_period("closed_at")} ORDER BY id
    """,
    SALES,
)
