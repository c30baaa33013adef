"""Leads that were given up: sent back, recycled, disqualified, or converted without an opportunity.

Who forecasts from leads in hand must leave them out on both sides: a lead that is still in work a month later is worth
more than all those of its day together, of which most were given up in the first week.
"""

from loopline.attribution.state import Part

IS_OUT = "{state} IN ('rejected', 'recycled', 'disqualified', 'converted')"
"""SQL text: whether a lead in this state is out of hand."""
_OUT = IS_OUT.format(state="state")
GIVEN_UP = Part(
    "given_up",
    f"""
    SELECT v.id AS id, min(v.occurred_at) AS given_up_at
    FROM lead_facts AS v LEFT JOIN (
        SELECT id, max(version) AS version FROM lead_facts WHERE recorded_at <= $as_of AND NOT {_OUT} GROUP BY id
    ) AS h ON h.id = v.id
    WHERE v.recorded_at <= $as_of AND (h.version IS NULL OR v.version > h.version) GROUP BY v.id
    """,
)
"""The part `given_up`: lead → since when it is out of hand. One that came back in between was in hand all the while."""
