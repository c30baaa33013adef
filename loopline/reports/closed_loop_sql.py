"""The questions of the closed-loop report. Identifiers come only from models and dimensions, values are parameters."""

from dataclasses import replace

from loopline.attribution.conversions import conversions
from loopline.attribution.cost import COST_LINES, falls_into, spent
from loopline.attribution.ledger import credit_ledger, unattributed
from loopline.attribution.model import Model
from loopline.attribution.state import CAMPAIGN_STATE, Part, question, visible
from loopline.attribution.touchpoints import IS_TOUCHED, RowOf, touchpoints, touchpoints_of_known, unnamed_touchpoints
from loopline.reports.dimension import OTHER_UNITS, Dimension
from loopline.reports.options import Options
from loopline.reports.over_time.slices import place_of

# Money of a conversion of a visible unit may be earned by a touchpoint of a unit the asker may not see: it counts, but
# under no name.
ROW_OF_CREDIT = f"CASE WHEN {visible('r.touched_unit_id')} THEN r.row_key ELSE '{OTHER_UNITS}' END"
TOUCHED_IN_PERIOD = "r.touched_us >= $touched_from_us AND r.touched_us < $touched_to_us"


_VISITED_IN_PERIOD = f"touched_us >= $from_us AND touched_us < $to_us AND {visible('unit_id')}"


def _visits(row: RowOf, part: str) -> Part:
    """The part `visits`: sessions by row, counted by what the row depends on before the counts are named."""
    if row.by_buyer:
        return _counted("visits", touchpoints(row), ("row_key",), part)
    counted = _counted("counted_visits", unnamed_touchpoints(row), ("unit_id", *row.depends_on), part)
    return Part(
        "visits",
        f"""
        SELECT {row.sql} AS row_key, e.is_machine AS is_machine, e.place AS place, e.sessions AS sessions
        FROM {counted.name} AS e {row.join}
        """,
        (counted, *row.reads),
    )


def _counted(name: str, touched: Part, by: tuple[str, ...], part: str) -> Part:
    columns = ", ".join(dict.fromkeys((*by, "is_machine", "place")))
    return Part(
        name,
        f"""
        SELECT {columns}, count(*) FILTER (WHERE is_entry) AS sessions
        FROM (SELECT *, {part} AS place FROM {touched.name}) AS t
        WHERE {_VISITED_IN_PERIOD} GROUP BY {columns}
        """,
        (touched,),
    )


def _visitors(row: RowOf, part: str) -> Part:
    """The part `visitors`: the known people of each row, once each."""
    of_known = touchpoints_of_known(row)
    return Part(
        "visitors",
        f"""
        SELECT DISTINCT row_key, person_no, place FROM (SELECT *, {part} AS place FROM {of_known.name}) AS t
        WHERE {_VISITED_IN_PERIOD} AND NOT is_machine AND {IS_TOUCHED}
        """,
        (of_known,),
    )


COSTS_OF_CAMPAIGNS = Part(
    "costs",
    """
    SELECT l.id AS id, l.unit_id AS unit_id, l.campaign_id AS campaign_id, l.activity_id AS activity_id,
        l.reporting_minor AS reporting_minor,
        l.starts_on AS starts_on, l.ends_on AS ends_on, l.days AS days, coalesce(c.channel, '') AS channel,
        coalesce(c.owner_id, '') AS owner_id
    FROM cost_lines AS l LEFT JOIN campaign_state AS c ON c.id = l.campaign_id
    """,
    (COST_LINES, CAMPAIGN_STATE),
)
"""The part `costs`: cost lines with the channel of their campaign, and who is responsible for it."""


_EARNED_AFTER = """
        SELECT 'earned_after' AS section, '' AS kind, CAST(o.days AS VARCHAR) AS row_key, '' AS unit_id, 0 AS place,
            sum(o.credit) AS amount, 0 AS converted, 0 AS outside
        FROM (
            SELECT (c.converted_us - r.touched_us) // 86400000000 AS days, r.credit AS credit
            FROM credits AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
            WHERE c.kind = 'revenue' AND r.touched_us < $as_of_us - $window_us
        ) AS o GROUP BY o.days
        UNION ALL
"""
"""How long after touchpoints that are past their window the revenue came (`reports.ripeness`)."""


def row_for(dimension: Dimension, model: Model, options: Options) -> RowOf:
    """The dimension's row, with what the model and the run have to know of each touchpoint."""
    return replace(dimension.row, carries_channel=model.reads_channel, ignores_direct=options.ignores_direct)


def _half(column: str, second: int) -> str:
    return f"CASE WHEN {column} >= $at{second} THEN {second} ELSE 0 END" if second else "0"


def _by_slice(column: str, slices: int, second: int) -> str:
    return f"CASE WHEN c.kind = 'revenue' THEN {place_of(column, slices)} ELSE {_half(column, second)} END"


def visits(dimension: Dimension, *, second: int = 0) -> str:
    """Sessions and people, of touchpoints of the period. These are read twice, each time as little of them as needed:
    for sessions without whose they are, for people those of known people.

    With `second` the period is two that follow each other, the later beginning with the slice of that number, for which
    `$at<n>` says when: the earlier one's are in the first slice, `place`, the later one's in that one.
    """
    row, half = dimension.row, _half("touched_us", second)
    return question(
        f"""
        SELECT CASE WHEN t.is_machine THEN 'machine_visits' ELSE 'visits' END AS section,
            CASE WHEN t.is_machine THEN '' ELSE {row.key} END AS row_key, t.place AS place, sum(t.sessions) AS amount
        FROM visits AS t {row.naming}
        GROUP BY t.is_machine, CASE WHEN t.is_machine THEN '' ELSE {row.key} END, t.place
        UNION ALL
        SELECT 'visitors' AS section, {row.key} AS row_key, t.place AS place, count(*) AS amount
        FROM visitors AS t {row.naming} GROUP BY {row.key}, t.place
        UNION ALL
        SELECT 'everyone' AS section, '' AS row_key, place AS place, count(DISTINCT person_no) AS amount
        FROM visitors GROUP BY place
        """,
        _visits(row, half),
        _visitors(row, half),
    )


def credit(dimension: Dimension, model: Model, options: Options, *, slices: int = 1, second: int = 0) -> str:
    """Credit, and the unattributed, of conversions of the period.

    Revenue is told by slice of the period, `place`, for which `$at<n>` say when each begins; all else is in the first,
    or, with `second` (see `visits`), in the first of its own half.
    """
    row = row_for(dimension, model, options)
    dated = "r.touched_us" if options.clock == "cohort" else "c.converted_us"
    place = _by_slice(dated, slices, second)
    place_unattributed = _by_slice("c.converted_us", slices, second)
    return question(
        f"""
        {_EARNED_AFTER if options.clock == "cohort" else ""}
        SELECT 'credit' AS section, c.kind AS kind, {ROW_OF_CREDIT} AS row_key, c.unit_id AS unit_id,
            {place} AS place, sum(CASE WHEN {TOUCHED_IN_PERIOD} THEN r.credit ELSE 0 END) AS amount,
            sum(CASE WHEN c.is_converted AND {TOUCHED_IN_PERIOD} THEN r.credit ELSE 0 END) AS converted,
            sum(CASE WHEN {TOUCHED_IN_PERIOD} THEN 0 ELSE r.credit END) AS outside
        FROM credits AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
        GROUP BY c.kind, {ROW_OF_CREDIT}, c.unit_id, {place}
        UNION ALL
        SELECT 'unattributed' AS section, c.kind AS kind, r.reason AS row_key, c.unit_id AS unit_id,
            {place_unattributed} AS place, sum(c.amount) AS amount,
            sum(CASE WHEN c.is_converted THEN c.amount ELSE 0 END) AS converted, 0 AS outside
        FROM unattributed AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
        GROUP BY c.kind, r.reason, c.unit_id, {place_unattributed}
        """,
        conversions(*options.kinds),
        credit_ledger(model, row, *options.kinds),
        unattributed(model, row, *options.kinds),
    )


def credit_once(dimension: Dimension, model: Model, options: Options) -> str:
    """What an overlapping model gives to all rows together: each conversion once, inside the period or outside."""
    return question(
        f"""
        SELECT o.kind AS kind, o.unit_id AS unit_id, sum(CASE WHEN o.is_inside THEN o.amount ELSE 0 END) AS amount,
            sum(CASE WHEN o.is_inside AND o.is_converted THEN o.amount ELSE 0 END) AS converted,
            sum(CASE WHEN o.is_inside THEN 0 ELSE o.amount END) AS outside
        FROM (
            SELECT c.conversion_no AS conversion_no, c.kind AS kind, c.unit_id AS unit_id, c.amount AS amount,
                c.is_converted AS is_converted, max(CASE WHEN {TOUCHED_IN_PERIOD} THEN 1 ELSE 0 END) = 1 AS is_inside
            FROM credits AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
            GROUP BY c.conversion_no, c.kind, c.unit_id, c.amount, c.is_converted
        ) AS o GROUP BY o.kind, o.unit_id
        """,
        conversions(*options.kinds),
        credit_ledger(model, row_for(dimension, model, options), *options.kinds),
    )


def cost(dimension: Dimension) -> str:
    """Cost of the period per row, "" for what belongs to none; lines without a rate are counted, not summed."""
    return question(
        f"""
        SELECT {dimension.cost_sql or "''"} AS row_key, coalesce(sum({spent("$first", "$last")}), 0) AS cost_minor,
            count(*) AS lines, count(*) FILTER (WHERE reporting_minor IS NULL) AS without_rate
        FROM costs
        WHERE {falls_into("$first", "$last")}
        GROUP BY row_key
        """,
        COSTS_OF_CAMPAIGNS,
    )
