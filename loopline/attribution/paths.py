"""Paths: the ordered touchpoints of its people before each conversion, inside the lookback window, humans only."""

from loopline.attribution.conversions import conversion_people
from loopline.attribution.state import Part
from loopline.attribution.touchpoints import DIRECT, RowOf, touchpoints_of

DAY_US = 86_400_000_000

ON_PATH = (
    "t.can_earn AND NOT t.is_machine AND t.touched_us < c.converted_us "
    "AND t.touched_us >= c.converted_us - $lookback_us"
)
"""Strictly before the conversion is before: what happens at the same moment did not lead to it."""

OUTSIDE_WINDOW, AFTER_CONVERSION, LEFT_OUT, MACHINE = 1, 2, 3, 4
"""How a touchpoint that is not on the path stands to a conversion of its person. Smaller is nearer to earning."""

STANDING = (
    f"CASE WHEN t.is_machine THEN {MACHINE} WHEN t.touched_us >= c.converted_us THEN {AFTER_CONVERSION} "
    f"WHEN NOT t.can_earn THEN {LEFT_OUT} ELSE {OUTSIDE_WINDOW} END"
)

_OF_CHANNELS = f""", count(*) OVER (PARTITION BY conversion_no, channel) AS channel_touches,
            max(CASE WHEN channel = '{DIRECT}' THEN 0 ELSE position END) OVER (PARTITION BY conversion_no)
                AS last_named_position"""


def steps(row: RowOf, *kinds: str) -> Part:
    """The part `steps`: one row per conversion and touchpoint on its path, in no order yet."""
    touched = touchpoints_of(conversion_people(*kinds), row)
    return Part(
        "steps",
        f"""
        SELECT c.conversion_no AS conversion_no, c.person_id AS person_id, t.event_id AS event_id,
            t.touched_us AS touched_us, t.row_key AS row_key, t.unit_id AS touched_unit_id, t.touch_kind AS touch_kind,
            {"t.channel AS channel, c.kind AS kind," if row.carries_channel else ""} c.lead_us AS lead_us,
            c.opportunity_us AS opportunity_us, (c.converted_us - t.touched_us) / {DAY_US}.0 AS days_before
        FROM conversion_people AS c JOIN {touched.name} AS t ON t.person_no = c.person_no
        WHERE {ON_PATH}
        """,
        (conversion_people(*kinds), touched),
    )


def paths(row: RowOf, *kinds: str) -> Part:
    """The part `paths`: the steps with what a model's weight may read.

    `position` counts from 1 (oldest; ties by event id), `touches` is the length n of the path, `days_before` the days
    to the conversion, `last_days_before` those of the last touchpoint. `lead_position` and `opportunity_position` are
    those of the last touchpoint at or before the creation of lead and opportunity, 0 where there is none. With
    channels, `channel_touches` says how many touchpoints of the path are of its channel, and `last_named_position`
    where the last one stands that is not Direct, 0 where all are.
    """
    whole = "OVER (PARTITION BY conversion_no)"
    return Part(
        "paths",
        f"""
        SELECT *{_OF_CHANNELS if row.carries_channel else ""}
        FROM (
            SELECT *, min(days_before) {whole} AS last_days_before, count(*) {whole} AS touches,
                sum(CASE WHEN touched_us <= lead_us THEN 1 ELSE 0 END) {whole} AS lead_position,
                sum(CASE WHEN touched_us <= opportunity_us THEN 1 ELSE 0 END) {whole} AS opportunity_position,
                row_number() OVER (PARTITION BY conversion_no ORDER BY touched_us, event_id) AS position
            FROM steps
        ) AS placed
        """,
        (steps(row, *kinds),),
    )
