"""The questions of the bottleneck report. `$from_at` and `$to_at` bound when a stage was entered."""

from loopline.attribution.state import question
from loopline.reports.bottlenecks.stays import OPPORTUNITIES, STAGES, STAYS

_ENTERED = "entered_at >= $from_at AND entered_at < $to_at AND entered_at <= $now"
_HOURS = "CAST(floor(greatest(epoch(coalesce(left_at, $now)) - epoch(entered_at), 0) / 3600) AS BIGINT)"

LENGTHS = question(
    f"""
    SELECT stage, {_HOURS} AS hours, left_at IS NOT NULL AS has_left, moved_at IS NOT NULL AS has_moved,
        count(*) AS stays
    FROM stays WHERE {_ENTERED} GROUP BY stage, hours, has_left, has_moved
    """,
    STAYS,
)
"""How long stays were, in whole hours."""

EVER = question(
    f"SELECT stage, {_HOURS} AS hours, TRUE AS has_moved, count(*) AS stays FROM stays WHERE moved_at <= $now "
    "GROUP BY stage, hours",
    STAYS,
)
"""How long those stayed who ever moved on. Of a recent period only the quick ones have: it cannot tell what is long."""

_MATURE = "CASE stage " + " ".join(f"WHEN '{stage.key}' THEN $mature_{stage.key}" for stage in STAGES) + " END"


def cohorts(grain: str) -> str:
    """Who entered, by `week` or `month`, whether long enough ago to be judged, and what became of them."""
    assert grain in {"week", "month"}
    return question(
        f"""
        SELECT stage, CAST(date_trunc('{grain}', entered_at AT TIME ZONE $zone) AS DATE) AS began_on,
            entered_at <= {_MATURE} AS is_mature, count(*) AS entered, count(moved_at) AS moved,
            count(ended_at) AS ended
        FROM stays WHERE {_ENTERED} GROUP BY stage, began_on, is_mature ORDER BY stage, began_on
        """,
        STAYS,
    )


REASONS = question(
    """
    SELECT stage, reason, count(*) AS stays FROM stays
    WHERE ended_at >= $from_at AND ended_at < $to_at AND ended_at <= $now
    GROUP BY stage, reason ORDER BY stays DESC, reason
    """,
    STAYS,
)
"""Why a stage was left another way than by moving on."""

WAITING = question(
    """
    SELECT stage, count(*) AS waiting FROM stays WHERE left_at IS NULL AND entered_at <= $now GROUP BY stage
    """,
    STAYS,
)

OLDEST = question(
    """
    SELECT stage, id, entered_at FROM stays WHERE left_at IS NULL AND entered_at <= $now
    QUALIFY row_number() OVER (PARTITION BY stage ORDER BY entered_at, id) <= $most
    ORDER BY stage, entered_at, id
    """,
    STAYS,
)
"""Who has been there longest."""

SALES = question(
    """
    SELECT
        count(*) FILTER (WHERE outcome = 'open') AS open_now,
        count(*) FILTER (WHERE outcome = 'won' AND closed_at >= $from_at AND closed_at < $to_at) AS won,
        count(*) FILTER (WHERE outcome = 'lost' AND closed_at >= $from_at AND closed_at < $to_at) AS lost,
        count(reporting_minor) FILTER (WHERE outcome = 'won' AND closed_at >= $from_at AND closed_at < $to_at)
            AS with_amount,
        sum(CASE WHEN outcome = 'won' AND closed_at >= $from_at AND closed_at < $to_at THEN reporting_minor END)
            AS won_minor
    FROM opportunity_dates
    """,
    OPPORTUNITIES,
)

CYCLE = question(
    """
    SELECT CAST(floor((epoch(closed_at) - epoch(in_qualified)) / 3600) AS BIGINT) AS hours, count(*) AS stays
    FROM opportunity_dates WHERE outcome = 'won' AND closed_at >= $from_at AND closed_at < $to_at GROUP BY hours
    """,
    OPPORTUNITIES,
)
"""From creation to won, of what was won in the period."""
