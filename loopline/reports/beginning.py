"""Where the books begin: nothing is known of the days before, and nothing is compared with them."""

from datetime import date, datetime

from loopline.lib.times import local_day
from loopline.store.engine import Engine

_BEGINNING = """
SELECT min(began) AS began, min(first_cost) AS first_cost FROM (
    SELECT min(occurred_at) AS began, NULL AS first_cost FROM touches WHERE recorded_at <= $as_of
    UNION ALL SELECT min(created_at) AS began, NULL AS first_cost FROM lead_facts WHERE recorded_at <= $as_of
    UNION ALL SELECT min(created_at) AS began, NULL AS first_cost FROM opportunity_facts WHERE recorded_at <= $as_of
    UNION ALL SELECT min(closed_at) AS began, NULL AS first_cost FROM opportunity_facts WHERE recorded_at <= $as_of
    UNION ALL SELECT NULL AS began, min(starts_on) AS first_cost FROM cost_facts WHERE recorded_at <= $as_of
) AS firsts
"""


def first_day_of_books(engine: Engine, as_of: datetime, zone: str) -> date | None:
    """The day of the first touchpoint, lead, opportunity or cost; None while there is none. Raises StoreError."""
    [row] = engine.rows(_BEGINNING, {"as_of": as_of})
    began, first_cost = row["began"], row["first_cost"]
    days = [local_day(began, zone)] if isinstance(began, datetime) else []
    return min([*days, first_cost] if isinstance(first_cost, date) else days, default=None)
