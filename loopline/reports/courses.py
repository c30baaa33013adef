"""The course of each lead: when it reached which stage, what became of it, and who its buyer is.

A stage that was passed over counts as passed at the next one that was reached.
"""

from datetime import date

from loopline.attribution.state import MERGED_STATE, OPPORTUNITY_STATE, Part, latest, question, visible
from loopline.lib.times import day_start
from loopline.reports.balance import number
from loopline.reports.options import Scope
from loopline.reports.periods import DAY
from loopline.reports.survival import Stay, quantile, survival
from loopline.store.engine import Engine

MATURE_SHARE = 0.9

_SALES = Part(
    "sales_of_leads",
    """
    SELECT lead_id, min(created_at) AS created_at, min(CASE WHEN outcome = 'won' THEN closed_at END) AS won_at,
        sum(CASE WHEN outcome = 'won' THEN reporting_minor END) AS won_minor
    FROM opportunity_state WHERE NOT is_deleted AND lead_id <> '' GROUP BY lead_id
    """,
    (OPPORTUNITY_STATE,),
)
COURSES = Part(
    "courses",
    f"""
    SELECT l.id AS id, l.unit_id AS unit_id, l.owner_id AS owner_id, l.created_at AS created_at,
        coalesce(m.canonical_id, l.person_id) AS person_id,
        coalesce(l.qualified_at, l.handed_over_at, l.accepted_at, o.created_at) AS qualified_at,
        coalesce(l.handed_over_at, l.accepted_at, o.created_at) AS handed_over_at,
        coalesce(l.accepted_at, o.created_at) AS accepted_at,
        o.created_at AS converted_at, o.won_at AS won_at, o.won_minor AS won_minor
    FROM ({
        latest(
            "lead_facts", "unit_id", "owner_id", "person_id", "created_at", "qualified_at", "handed_over_at",
            "accepted_at",
        )
    }) AS l LEFT JOIN sales_of_leads AS o ON o.lead_id = l.id LEFT JOIN merged_state AS m ON m.id = l.person_id
    WHERE NOT l.is_deleted AND {visible("l.unit_id")}
    """,
    (_SALES, MERGED_STATE),
)  # fmt: skip
"""The part `courses`: leads of visible units; `won_minor` is NULL where no won sale has an exchange rate."""

_WON_AFTER = """
SELECT CAST(floor(greatest(epoch(won_at) - epoch(created_at), 0) / 86400) AS BIGINT) AS days, count(*) AS leads
FROM courses WHERE won_at IS NOT NULL GROUP BY days
"""


def days_to_won(scope: Scope, engine: Engine) -> float | None:
    """After how many days nine tenths of all leads that were ever won had been won; None when none ever was."""
    rows = engine.rows(question(_WON_AFTER, COURSES), scope.params)
    stays = [Stay(number(row["days"]) + 1, True, number(row["leads"])) for row in rows]
    return quantile(survival(stays), MATURE_SHARE)


def too_young(last_day: date, limit: float | None, scope: Scope) -> str:
    """Why what began until `last_day` cannot be judged yet; "" when it can."""
    if limit is None:
        return "too early to judge: nothing was ever won"
    age = scope.as_of - day_start(last_day + DAY, scope.books.zone)
    return "" if age.days >= limit else f"too early to judge: nine tenths of what is won takes {limit:,.0f} days"
