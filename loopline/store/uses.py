"""Whose a shared browser was when, as ranges of time: SQL for every question that asks whose an event is."""

FIRST_US, LAST_US = 0, 9_000_000_000_000_000_000
"""Microseconds since 1970 that no event lies outside of: the range of what is one person's at all times."""
ALWAYS = f"CAST({FIRST_US} AS BIGINT) AS from_us, CAST({LAST_US} AS BIGINT) AS until_us"
"""Columns of what is one person's at all times."""

BROWSER_USES = f"""
    SELECT identity, person_id, since_us AS from_us,
        lead(since_us, 1, {LAST_US}) OVER (PARTITION BY identity ORDER BY since_us) AS until_us
    FROM (
        SELECT id, arg_max(identity, version) AS identity, arg_max(person_id, version) AS person_id,
            arg_max(epoch_us(since), version) AS since_us, arg_max(is_deleted, version) AS is_deleted
        FROM browser_use_facts WHERE recorded_at <= $as_of GROUP BY id
    ) AS newest WHERE NOT is_deleted
"""
"""Each use as of `$as_of` with the half-open range in which it holds, also those of nobody (`person_id` = '').

The facts hold beginnings only, so whichever of them have arrived, no two uses of a browser overlap.
"""


def in_range(event: str, known: str) -> str:
    """SQL text: `event` happened while `known`, with `from_us` and `until_us`, holds."""
    at = f"epoch_us({event}.occurred_at)"
    return f"{at} >= {known}.from_us AND {at} < {known}.until_us"
