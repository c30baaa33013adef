"""What speaks for a visitor being a machine: habits over a day, weighed into a score from 0 to 100 with reasons.

The verdict on arrival knows one event at a time; this one looks at what a visitor did. Events stay as they are: the
verdict is a fact of its own, which reports read with the rest.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.store.engine import Engine, Row, Value

VERSION = "2026.1"
"""Stored with every verdict; grows when a weight or a limit changes."""
WINDOW = timedelta(days=1)
MACHINE_FROM = 70
"""A score from here on is a machine's."""

FAST_A_MINUTE = 60
"""More than a page a second, a whole minute long: nobody reads like that."""
MANY_VISITS, TOO_MANY_VISITS = 100, 500
"""Visits in a day: a person's visit lasts until half an hour of nothing, so forty-eight are a long day."""
MANY_PAGES, TOO_MANY_PAGES = 30, 200
"""Pages in a day without one moment of use, on a site that measures use."""

REASONS = {
    "too_fast": f"more than {FAST_A_MINUTE} pages within a minute",
    "too_many_visits": f"{MANY_VISITS} visits or more in a day",
    "never_engaged": f"{MANY_PAGES} pages or more in a day, none of them used for a moment",
    "data_centre": "comes from the network of a data centre",
    "one_hit": "one page and nothing else",
}
"""Each reason in words."""

_HABITS = f"""
WITH seen AS (
    SELECT visitor_id, source_id, kind, is_entry, engaged_ms, occurred_at,
        CASE WHEN page_view_id = '' THEN event_id ELSE page_view_id END AS page_view,
        json_extract_string(nullif(properties, ''), '$._loopline.network') AS network
    FROM events
    WHERE occurred_at >= $since AND occurred_at < $until AND recorded_at <= $as_of
        AND visitor_id <> '' AND source = 'browser' AND NOT starts_with(bot_verdict, 'machine')
),
measuring AS (SELECT DISTINCT source_id FROM seen WHERE engaged_ms > 0),
minutes AS (
    SELECT visitor_id, CAST(floor(epoch(occurred_at) / 60) AS BIGINT) AS minute, count(DISTINCT page_view) AS pages
    FROM seen WHERE kind = 'page' GROUP BY 1, 2
),
fastest AS (SELECT visitor_id, max(pages) AS pages FROM minutes GROUP BY visitor_id),
habits AS (
    SELECT s.visitor_id AS visitor_id, count(*) AS events,
        count(DISTINCT CASE WHEN s.kind = 'page' THEN s.page_view END) AS pages,
        count(DISTINCT CASE WHEN s.kind = 'page' AND m.source_id IS NOT NULL THEN s.page_view END) AS measured_pages,
        sum(CASE WHEN s.is_entry THEN 1 ELSE 0 END) AS visits, max(coalesce(s.engaged_ms, 0)) AS engaged_ms,
        max(CASE WHEN s.network = 'data_centre' THEN 1 ELSE 0 END) AS is_data_centre
    FROM seen AS s LEFT JOIN measuring AS m ON m.source_id = s.source_id
    GROUP BY s.visitor_id
)
SELECT h.visitor_id AS visitor_id, h.events AS events, h.pages AS pages, h.measured_pages AS measured_pages,
    h.visits AS visits, h.engaged_ms AS engaged_ms, h.is_data_centre AS is_data_centre,
    coalesce(f.pages, 0) AS pages_a_minute
FROM habits AS h LEFT JOIN fastest AS f ON f.visitor_id = h.visitor_id
WHERE f.pages > {FAST_A_MINUTE} OR h.visits >= {MANY_VISITS} OR h.is_data_centre = 1
    OR (h.measured_pages >= {MANY_PAGES} AND h.engaged_ms = 0)
ORDER BY visitor_id
"""


@dataclass(frozen=True, slots=True)
class Habits:
    """What one visitor did within a day."""

    visitor_id: str
    events: int
    pages: int
    measured_pages: int
    """Those of write keys through which use is measured at all."""
    visits: int
    engaged_ms: int
    pages_a_minute: int
    """In the busiest minute."""
    is_data_centre: bool


@dataclass(frozen=True, slots=True)
class Score:
    points: int
    reasons: tuple[str, ...]
    """The strongest first."""

    @property
    def verdict(self) -> str:
        """`machine:` with the strongest reason, or `human`."""
        return f"machine:{self.reasons[0]}" if self.points >= MACHINE_FROM else "human"


def score(habits: Habits) -> Score:
    """The weights: one impossible habit is enough, odd ones only together."""
    found = {
        "too_fast": 100 if habits.pages_a_minute > FAST_A_MINUTE else 0,
        "too_many_visits": _steps(habits.visits, MANY_VISITS, TOO_MANY_VISITS),
        "never_engaged": 0 if habits.engaged_ms else _steps(habits.measured_pages, MANY_PAGES, TOO_MANY_PAGES),
        "data_centre": 50 if habits.is_data_centre else 0,
        "one_hit": 25 if habits.events == habits.pages == 1 else 0,
    }
    reasons = tuple(key for key, points in sorted(found.items(), key=lambda pair: -pair[1]) if points)
    return Score(min(100, sum(found.values())), reasons)


def _steps(value: int, odd: int, impossible: int) -> int:
    return 100 if value >= impossible else 50 if value >= odd else 0


def odd_visitors(engine: Engine, until: datetime, *, timeout_s: float = 20) -> list[Habits]:
    """Visitors of the day before `until` with anything that speaks for a machine.

    Raises StoreError, QueryTimeoutError.
    """
    params: dict[str, Value] = {"since": until - WINDOW, "until": until, "as_of": engine.horizon()}
    return [_habits(row) for row in engine.rows(_HABITS, params, timeout_s=timeout_s)]


def _habits(row: Row) -> Habits:
    number = {name: int(str(value)) for name, value in row.items() if name != "visitor_id"}
    is_data_centre = bool(number.pop("is_data_centre"))
    return Habits(visitor_id=str(row["visitor_id"]), is_data_centre=is_data_centre, **number)
