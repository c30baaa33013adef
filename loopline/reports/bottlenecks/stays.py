"""Stays in stages, from facts: who entered which stage when, moved on when, or left it another way and why.

A lead's stages come from its own dates, an opportunity's from the first version in which it stood there. A stage that
was passed over counts as passed at the next one that was reached.
"""

from dataclasses import dataclass

from loopline.attribution.state import Part, latest, visible


@dataclass(frozen=True, slots=True)
class Stage:
    key: str
    label: str
    moves_on: str
    """What moving on means, in words."""
    of: str
    """`lead` or `opportunity`."""


STAGES = (
    Stage("new", "New", "qualified", "lead"),
    Stage("marketing_qualified", "Marketing qualified", "handed over", "lead"),
    Stage("handed_over", "Handed over", "accepted", "lead"),
    Stage("accepted", "Accepted", "converted", "lead"),
    Stage("qualified", "Opportunity: qualified", "discovery", "opportunity"),
    Stage("discovery", "Opportunity: discovery", "proposal", "opportunity"),
    Stage("proposal", "Opportunity: proposal", "negotiation", "opportunity"),
    Stage("negotiation", "Opportunity: negotiation", "won", "opportunity"),
)
"""From the lead to the won deal, in their order."""
BY_KEY = {stage.key: stage for stage in STAGES}

_ENDED = "state IN ('rejected', 'recycled', 'disqualified')"
_LEADS = Part(
    "lead_dates",
    f"""
    SELECT id, unit_id, owner_id, reason, created_at AS in_new, qualified_at AS in_marketing_qualified,
        handed_over_at AS in_handed_over, accepted_at AS in_accepted, converted_at AS moved_on,
        CASE WHEN {_ENDED} THEN coalesce(rejected_at, occurred_at) END AS ended_at
    FROM ({
        latest(
            "lead_facts", "unit_id", "owner_id", "state", "reason", "created_at", "qualified_at", "handed_over_at",
            "accepted_at", "rejected_at", "converted_at", "occurred_at",
        )
    }) AS leads WHERE NOT is_deleted AND {visible("unit_id")} AND ($all_owners OR owner_id IN (SELECT unnest($owners)))
    """,
)  # fmt: skip
_REACHED = Part(
    "reached",
    """
    SELECT id, min(CASE WHEN stage = 'discovery' THEN occurred_at END) AS in_discovery,
        min(CASE WHEN stage = 'proposal' THEN occurred_at END) AS in_proposal,
        min(CASE WHEN stage = 'negotiation' THEN occurred_at END) AS in_negotiation
    FROM opportunity_facts WHERE recorded_at <= $as_of GROUP BY id
    """,
)
OPPORTUNITIES = Part(
    "opportunity_dates",
    f"""
    SELECT o.id AS id, o.unit_id AS unit_id, o.owner_id AS owner_id, o.loss_reason AS reason, o.outcome AS outcome,
        o.reporting_minor AS reporting_minor, o.created_at AS in_qualified, r.in_discovery AS in_discovery,
        r.in_proposal AS in_proposal, r.in_negotiation AS in_negotiation, o.closed_at AS closed_at,
        CASE WHEN o.outcome = 'won' THEN o.closed_at END AS moved_on,
        CASE WHEN o.outcome = 'lost' THEN o.closed_at END AS ended_at
    FROM ({
        latest(
            "opportunity_facts", "unit_id", "owner_id", "outcome", "loss_reason", "reporting_minor", "created_at",
            "closed_at",
        )
    }) AS o LEFT JOIN reached AS r ON r.id = o.id
    WHERE NOT o.is_deleted AND {visible("o.unit_id")} AND ($all_owners OR o.owner_id IN (SELECT unnest($owners)))
    """,
    (_REACHED,),
)  # fmt: skip


def _stays(stages: tuple[Stage, ...], table: str) -> list[str]:
    """One SELECT a stage: it is left by entering a later one, by moving on out of the table, or by ending."""
    parts = []
    for place, stage in enumerate(stages):
        later = ", ".join([*(f"in_{one.key}" for one in stages[place + 1 :]), "moved_on"])
        moved = f"coalesce({later})" if "," in later else later
        parts.append(f"""
        SELECT '{stage.key}' AS stage, id, unit_id, reason, in_{stage.key} AS entered_at, {moved} AS moved_at,
            CASE WHEN {moved} IS NULL THEN ended_at END AS ended_at
        FROM {table} WHERE in_{stage.key} IS NOT NULL""")
    return parts


STAYS = Part(
    "stays",
    "SELECT stage, id, unit_id, reason, entered_at, moved_at, ended_at, coalesce(moved_at, ended_at) AS left_at FROM ("
    + "\nUNION ALL".join(
        _stays(tuple(one for one in STAGES if one.of == "lead"), "lead_dates")
        + _stays(tuple(one for one in STAGES if one.of == "opportunity"), "opportunity_dates")
    )
    + ") AS every_stay",
    (_LEADS, OPPORTUNITIES),
)
"""The part `stays`. `$all_owners` and `$owners` narrow it to a team."""
