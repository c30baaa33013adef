"""The cost ledger: each cost line spread evenly over its days in whole cents, and cut to a period.

A line of A cents over D days gives each day floor(A ÷ D); what is left goes, a cent each, to the first days (all
remainders are equal, ties to the earlier day). So the days of a line add up to its amount exactly, and how much of it
falls into a period can be told without listing the days. Only actual costs are costs; planned ones are plans.
"""

from loopline.attribution.state import COST_STATE, Part, visible

COST_LINES = Part(
    "cost_lines",
    f"""
    SELECT id, unit_id, campaign_id, activity_id, reporting_minor, starts_on, ends_on,
        date_diff('day', starts_on, ends_on) + 1 AS days
    FROM cost_state
    WHERE NOT is_deleted AND cost_kind = 'actual' AND {visible("unit_id")}
    """,
    (COST_STATE,),
)
"""The part `cost_lines`: actual cost of the visible units; `reporting_minor` is NULL where there is no rate."""


def spent(first: str, last: str, amount: str = "reporting_minor") -> str:
    """SQL text: how many cents of a cost line fall on the days `first` to `last`, both included; NULL where its amount
    is not known. `amount`: of another column of the line, whole numbers as well."""
    before = f"greatest(0, least(days, date_diff('day', starts_on, {first})))"
    until = f"greatest(0, least(days, date_diff('day', starts_on, {last}) + 1))"
    base = f"CAST(floor(abs({amount}) / days) AS BIGINT)"
    left_over = f"(abs({amount}) - {base} * days)"
    # NULL here, because `greatest` passes over it: it would make 0 of what is not known.
    sign = f"CASE WHEN {amount} IS NULL THEN NULL WHEN {amount} < 0 THEN -1 ELSE 1 END"
    return (
        f"{sign} * greatest(0, {base} * ({until} - {before})"
        f" + least({until}, {left_over}) - least({before}, {left_over}))"
    )


def falls_into(first: str, last: str) -> str:
    """SQL text: does the cost line have a day in the period?"""
    return f"starts_on <= {last} AND ends_on >= {first}"
