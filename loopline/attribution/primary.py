"""Credit that the record itself names: an opportunity's primary campaign.

There is no touchpoint, so `event_id` and `person_id` are empty and the moment is the conversion's own.
"""

from loopline.attribution.conversions import conversion_people
from loopline.attribution.state import CAMPAIGN_STATE, OPPORTUNITY_STATE, Part, latest
from loopline.attribution.touchpoints import RowOf

NO_PRIMARY_CAMPAIGN = "no_primary_campaign"

_PRIMARY_STATE = Part("primary_state", latest("opportunity_facts", "primary_campaign_id"))

# A lead counts for the campaign of the opportunity it became; of several, the first that names one.
PRIMARY = Part(
    "primary_campaigns",
    """
    SELECT o.record_id AS record_id, arg_min(o.campaign_id, o.order_by) AS campaign_id
    FROM (
        SELECT p.id AS record_id, p.primary_campaign_id AS campaign_id, '' AS order_by FROM primary_state AS p
        UNION ALL
        SELECT s.lead_id AS record_id, p.primary_campaign_id AS campaign_id, s.id AS order_by
        FROM opportunity_state AS s JOIN primary_state AS p ON p.id = s.id
        WHERE s.lead_id <> '' AND NOT s.is_deleted
    ) AS o
    WHERE o.campaign_id <> ''
    GROUP BY o.record_id
    """,
    (_PRIMARY_STATE, OPPORTUNITY_STATE),
)
"""The part `primary_campaigns`: opportunity or lead → its primary campaign; the others are not in it."""


def credits_by_record(row: RowOf, *kinds: str) -> Part:
    """The part `credits` with one row per conversion that has a primary campaign."""
    return Part(
        "credits",
        f"""
        SELECT c.conversion_no AS conversion_no, '' AS person_id, '' AS event_id, c.converted_us AS touched_us,
            coalesce(nullif(k.unit_id, ''), c.unit_id) AS touched_unit_id, {row.campaign_sql} AS row_key,
            c.amount AS credit
        FROM conversions AS c JOIN primary_campaigns AS p ON p.record_id = c.record_id
        LEFT JOIN campaign_state AS k ON k.id = p.campaign_id
        """,
        (conversion_people(*kinds), PRIMARY, CAMPAIGN_STATE),
    )


def without_record(*kinds: str) -> Part:
    """The part `unattributed` for the same: conversions of which no primary campaign is recorded."""
    return Part(
        "unattributed",
        f"""
        SELECT c.conversion_no AS conversion_no, '{NO_PRIMARY_CAMPAIGN}' AS reason FROM conversions AS c
        LEFT JOIN primary_campaigns AS p ON p.record_id = c.record_id
        WHERE p.record_id IS NULL
        """,
        (conversion_people(*kinds), PRIMARY),
    )
