"""The books of leads: how many stood in each state at the end of every day, against how many were ever created.

A lead is in exactly one state at any moment, so the states of a day add up to the leads created until then. A day on
which they do not is a fault in the books (a fact that was lost, or dated after its lead), and is shown as one.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from loopline.store.engine import Engine, Value

REMOVED = "removed"
"""Taken out again, such as by the undo of an import."""
# A version that is dated before the one it follows counts from that one on: a lead's history does not run backwards.
_SQL = """
WITH versions AS (
    SELECT DISTINCT id, version, CASE WHEN is_deleted THEN 'removed' ELSE state END AS state, occurred_at, created_at
    FROM lead_facts WHERE recorded_at <= $as_of AND ($all_units OR unit_id IN (SELECT unnest($unit_ids)))
),
placed AS (
    SELECT id, state, lag(state) OVER (PARTITION BY id ORDER BY version) AS before,
        max(occurred_at) OVER (PARTITION BY id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
            AS moved_at
    FROM versions
),
moves AS (
    SELECT CAST(moved_at AT TIME ZONE $zone AS DATE) AS day, state, 1 AS change FROM placed
    UNION ALL
    SELECT CAST(moved_at AT TIME ZONE $zone AS DATE) AS day, before AS state, -1 AS change FROM placed
    WHERE before IS NOT NULL
),
created AS (
    SELECT CAST(arg_min(created_at, version) AT TIME ZONE $zone AS DATE) AS day FROM versions GROUP BY id
)
SELECT day, state, sum(change) AS change FROM moves WHERE day <= $last GROUP BY day, state
UNION ALL
SELECT day, '' AS state, count(*) AS change FROM created WHERE day <= $last GROUP BY day
"""


@dataclass(frozen=True, slots=True)
class BookedDay:
    """The end of one day."""

    day: date
    states: Mapping[str, int]
    """State → leads in it; states without any are left out."""
    created: int
    """Leads created until then."""

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def holds(self) -> bool:
        return self.total == self.created and min(self.states.values(), default=0) >= 0


def lead_books(
    engine: Engine, first: date, last: date, zone: str, *, unit_ids: tuple[str, ...] | None
) -> list[BookedDay]:
    """Every day from `first` to `last`, as all is known now. Raises StoreError."""
    params: dict[str, Value] = {
        "as_of": engine.horizon(), "all_units": unit_ids is None, "unit_ids": list(unit_ids or ()), "zone": zone,
        "last": last,
    }  # fmt: skip
    changes: dict[date, Counter[str]] = {}
    for row in engine.rows(_SQL, params, timeout_s=20):
        day = row["day"]
        assert isinstance(day, date)
        changes.setdefault(day, Counter())[str(row["state"])] += int(str(row["change"]))
    standing: Counter[str] = Counter()
    for day in sorted(changes):
        if day < first:
            standing.update(changes[day])
    books = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        standing.update(changes.get(day, Counter()))
        states = {state: count for state, count in standing.items() if state and count}
        books.append(BookedDay(day, states, standing[""]))
    return books
