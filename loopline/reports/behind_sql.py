"""The questions that open a figure of the closed-loop report. `$row` is the row's key, `~total` for all of them."""

from loopline.attribution.conversions import conversions
from loopline.attribution.cost import falls_into, spent
from loopline.attribution.ledger import credit_ledger, unattributed
from loopline.attribution.model import Model
from loopline.attribution.state import CHANNEL, CHANNEL_AGAIN, CHANNEL_STATE, question, visible
from loopline.attribution.touchpoints import IS_TOUCHED, touchpoints
from loopline.reports.closed_loop_sql import COSTS_OF_CAMPAIGNS, ROW_OF_CREDIT, TOUCHED_IN_PERIOD, row_for
from loopline.reports.dimension import TOTAL, Dimension
from loopline.reports.options import Options

_IN_ROW = f"({ROW_OF_CREDIT} = $row OR $row = '{TOTAL}') AND {TOUCHED_IN_PERIOD}"


def credited(dimension: Dimension, model: Model, options: Options, kind: str) -> str:
    """Conversions of which the row earned something, or could have, with the row's credit.

    Where rows overlap, a conversion counts once in all of them together.
    """
    return question(
        f"""
        SELECT c.record_id AS record_id, c.unit_id AS unit_id, c.converted_us AS converted_us, c.amount AS amount,
            '' AS reason, {"max" if model.overlaps else "sum"}(r.credit) AS credit
        FROM credits AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
        WHERE {_IN_ROW} AND (c.is_converted OR NOT $only_converted)
        GROUP BY c.record_id, c.unit_id, c.converted_us, c.amount
        """,
        conversions(kind),
        credit_ledger(model, row_for(dimension, model, options), kind),
    )


def unearned(dimension: Dimension, model: Model, options: Options, kind: str) -> str:
    """Conversions without a path, with the reason."""
    return question(
        """
        SELECT c.record_id AS record_id, c.unit_id AS unit_id, c.converted_us AS converted_us, c.amount AS amount,
            r.reason AS reason, c.amount AS credit
        FROM unattributed AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
        WHERE c.is_converted OR NOT $only_converted
        """,
        conversions(kind),
        unattributed(model, row_for(dimension, model, options), kind),
    )


def touches(dimension: Dimension, model: Model, options: Options, kind: str) -> str:
    """The touchpoints of `$records` that count for the row, each with its credit; of each record the `$most` that
    earned most, and how many there are.

    Of a touchpoint of a unit the asker may not see there is nothing but its credit and its time.
    """
    return question(
        f"""
        SELECT f.record_id AS record_id, coalesce(e.event_id, '') AS event_id, f.touched_us AS touched_us,
            f.credit AS credit, f.of_record AS of_record,
            f.person_id AS person_id, coalesce(e.channel, '') AS channel, coalesce(e.utm_campaign, '') AS code,
            coalesce(e.landing_path, '') AS landing_path
        FROM (
            SELECT c.record_id AS record_id, r.event_id AS event_id, r.touched_us AS touched_us, r.credit AS credit,
                r.person_id AS person_id, count(*) OVER (PARTITION BY c.record_id) AS of_record
            FROM credits AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
            WHERE {_IN_ROW} AND c.record_id IN (SELECT unnest($records))
            QUALIFY row_number() OVER (
                PARTITION BY c.record_id ORDER BY abs(r.credit) DESC, r.touched_us, r.event_id
            ) <= $most
        ) AS f
        LEFT JOIN (
            SELECT e.event_id AS event_id, epoch_us(e.occurred_at) AS at_us, {CHANNEL} AS channel,
                e.utm_campaign AS utm_campaign, e.landing_path AS landing_path
            FROM events AS e {CHANNEL_AGAIN}
            WHERE e.touch_kind <> '' AND e.recorded_at <= $as_of AND {visible("e.unit_id")}
        ) AS e ON e.event_id = f.event_id AND e.at_us = f.touched_us
        ORDER BY f.touched_us, f.event_id
        """,
        conversions(kind),
        credit_ledger(model, row_for(dimension, model, options), kind),
        CHANNEL_STATE,
    )


def visitors(dimension: Dimension) -> str:
    """Who touched the row in the period; all strangers together."""
    return question(
        f"""
        SELECT person_id, count(*) FILTER (WHERE is_entry) AS sessions, count(*) FILTER (WHERE {IS_TOUCHED}) AS touches,
            max(touched_us) AS last_us
        FROM touchpoints AS t {dimension.row.naming}
        WHERE NOT is_machine AND touched_us >= $from_us AND touched_us < $to_us AND {visible("unit_id")}
            AND ({dimension.row.key} = $row OR $row = '{TOTAL}')
        GROUP BY person_id ORDER BY last_us DESC, person_id
        """,
        touchpoints(dimension.row),
    )


def cost_lines(dimension: Dimension) -> str:
    """The cost lines of the row that have a day in the period."""
    return question(
        f"""
        SELECT id, unit_id, campaign_id, starts_on, ends_on, reporting_minor, {spent("$first", "$last")} AS spent_minor
        FROM costs
        WHERE {falls_into("$first", "$last")} AND ({dimension.cost_sql or "''"} = $row OR $row = '{TOTAL}')
        ORDER BY starts_on, id
        """,
        COSTS_OF_CAMPAIGNS,
    )
