"""Leads in hand, and how older ones fared: questions about leads that the forecast asks."""

from loopline.attribution.state import Part, latest, question, visible
from loopline.reports.courses import COURSES
from loopline.reports.forecast.given_up import GIVEN_UP, IS_OUT
from loopline.reports.forecast.workings import OLD_ENOUGH, SALES

HELD = Part(
    "held",
    f"""
    SELECT l.id AS id, epoch_us(l.created_at) AS at_us,
        CAST(floor(($as_of_us - epoch_us(l.created_at)) / 86400000000) AS BIGINT) AS age
    FROM ({latest("lead_facts", "unit_id", "state", "created_at")}) AS l
    LEFT JOIN (SELECT DISTINCT lead_id FROM sales WHERE lead_id <> '') AS s ON s.lead_id = l.id
    WHERE NOT l.is_deleted AND {visible("l.unit_id")} AND s.lead_id IS NULL
        AND NOT {IS_OUT.format(state="l.state")}
    """,
    (SALES,),
)
IN_HAND = question("SELECT age, count(*) AS leads FROM held GROUP BY age ORDER BY age", HELD)
OF_AGES = question(
    "SELECT id, at_us, age FROM held WHERE CAST(age AS VARCHAR) IN (SELECT unnest($ages)) ORDER BY age, id", HELD
)
OLDER = question(f"SELECT count(*) AS leads, count(won_at) AS won FROM courses WHERE {OLD_ENOUGH}", COURSES)
LEAD_LAGS = question(
    f"""
    SELECT (epoch(converted_at) - epoch(created_at)) / 86400.0 AS converted_after,
        (epoch(won_at) - epoch(created_at)) / 86400.0 AS won_after
    FROM courses WHERE converted_at IS NOT NULL AND {OLD_ENOUGH} ORDER BY id
    """,
    COURSES,
)
GIVEN_UP_AFTER = question(
    f"""
    SELECT greatest(epoch(g.given_up_at) - epoch(c.created_at), 0) / 86400.0 AS given_up_after
    FROM courses AS c JOIN given_up AS g ON g.id = c.id
    WHERE c.converted_at IS NULL AND {OLD_ENOUGH} ORDER BY given_up_after
    """,
    COURSES,
    GIVEN_UP,
)
