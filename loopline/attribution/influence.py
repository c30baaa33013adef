"""Credit that overlaps: a conversion counts whole on each row that is present on its path.

Rows of it are never added up. What all rows together touched is asked apart, each conversion once (`once`).
"""

from loopline.attribution.paths import steps
from loopline.attribution.state import Part, visible
from loopline.attribution.touchpoints import RowOf

IN_PERIOD = "touched_us >= $touched_from_us AND touched_us < $touched_to_us"

_SEEN_ROW = f"CASE WHEN {visible('s.touched_unit_id')} THEN s.row_key ELSE '~' END"


def overlapping_credits(row: RowOf, *kinds: str) -> Part:
    """The part `credits` with one row per conversion and row: its earliest touchpoint there, inside the period first.

    Rows of units the asker may not see are one row.
    """
    return Part(
        "credits",
        f"""
        SELECT t.conversion_no AS conversion_no, t.person_id AS person_id, t.event_id AS event_id,
            t.touched_us AS touched_us, t.touched_unit_id AS touched_unit_id, {row.key} AS row_key, t.amount AS credit
        FROM (
            SELECT s.conversion_no AS conversion_no, s.person_id AS person_id, s.event_id AS event_id,
                s.touched_us AS touched_us, s.touched_unit_id AS touched_unit_id, s.row_key AS row_key,
                c.amount AS amount,
                row_number() OVER (
                    PARTITION BY s.conversion_no, {_SEEN_ROW}
                    ORDER BY CASE WHEN {IN_PERIOD} THEN 0 ELSE 1 END, s.touched_us, s.event_id
                ) AS place
            FROM steps AS s JOIN conversions AS c ON c.conversion_no = s.conversion_no
        ) AS t {row.naming}
        WHERE t.place = 1
        """,
        (steps(row, *kinds),),
    )
