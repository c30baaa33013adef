"""What people are interested in, worked out from the pages they looked at, when it is asked for.

A page view is worth 1 point, and 1 more for each minute it was in use, up to 5. A point halves every 30 days. The
points of a topic are those of its pages; its share is that of all points.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.attribution.state import (
    KNOWN_IDENTITIES,
    VERDICT_STATE,
    is_machine,
    number_of,
    question,
    theirs,
    visible,
    with_verdict,
)
from loopline.reports.visits.topics import Topic, topic_of
from loopline.reports.visits.visitors import moment, number, units
from loopline.store.engine import Engine, Row, Value
from loopline.store.uses import ALWAYS

HALF_LIFE_DAYS = 30
MOST_MINUTES = 5
LONGEST_AGO = timedelta(days=365)
"""What is older is worth less than a four-thousandth and is not read."""
MOST_PAGES = 500

_PAGES = f"""
, theirs AS (
    SELECT identity_no, from_us, until_us FROM known_identities WHERE person_id IN (SELECT unnest($people))
    UNION DISTINCT SELECT {number_of("'person:' || p.id")} AS identity_no, {ALWAYS}
    FROM (SELECT unnest($people) AS id) AS p
    UNION DISTINCT SELECT {number_of("'visitor:' || v.id")} AS identity_no, {ALWAYS}
    FROM (SELECT unnest($visitors) AS id) AS v
),
views AS (
    SELECT CASE WHEN e.page_view_id = '' THEN e.event_id ELSE e.page_view_id END AS page_view,
        max(e.url_path) AS url_path, max(e.title) AS title, max(e.engaged_ms) AS engaged_ms,
        min(e.occurred_at) AS began_at
    FROM events AS e JOIN theirs AS t ON {theirs("e", "t")}
    {with_verdict("e", "b")}
    WHERE e.recorded_at <= $as_of AND e.occurred_at >= $since AND e.kind IN ('page', 'system')
        AND NOT {is_machine("e", "b")} AND {visible("e.unit_id")}
    GROUP BY 1
)
SELECT url_path, max(title) AS title, count(*) AS views, sum(engaged_ms) AS engaged_ms, max(began_at) AS last_at,
    sum((1 + least(coalesce(engaged_ms, 0) / 60000, {MOST_MINUTES}))
        * pow(2, -greatest(epoch($now) - epoch(began_at), 0) / 86400 / {HALF_LIFE_DAYS})) AS points
FROM views WHERE url_path <> '' GROUP BY url_path ORDER BY points DESC, url_path LIMIT {MOST_PAGES}
"""


@dataclass(frozen=True, slots=True)
class Whose:
    """The people (ids of those that remain), or browsers nobody knows, whose interests are asked for."""

    people: tuple[str, ...] = ()
    visitors: tuple[str, ...] = ()
    unit_ids: tuple[str, ...] | None = None
    """Only visits to these business units; None: all."""


@dataclass(frozen=True, slots=True)
class PageOfInterest:
    path: str
    title: str
    views: int
    engaged: timedelta | None
    last_at: datetime
    points: float


@dataclass(frozen=True, slots=True)
class Interest:
    topic: str
    share: float
    """Of all points, in percent."""
    pages: tuple[PageOfInterest, ...]
    """The one with most points first."""

    @property
    def last_at(self) -> datetime:
        return max(page.last_at for page in self.pages)

    @property
    def views(self) -> int:
        return sum(page.views for page in self.pages)


def interests(
    engine: Engine, whose: Whose, topics: Sequence[Topic], *, now: datetime, timeout_s: float = 3
) -> list[Interest]:
    """Topics of the pages they looked at until `now`, the strongest first. Raises StoreError, QueryTimeoutError."""
    params: dict[str, Value] = {
        "people": list(whose.people),
        "visitors": list(whose.visitors),
        "as_of": engine.horizon(),
        "now": now,
        "since": now - LONGEST_AGO,
        **units(whose.unit_ids),
    }
    rows = engine.rows(question(_PAGES, KNOWN_IDENTITIES, VERDICT_STATE), params, timeout_s=timeout_s)
    by_topic: dict[str, list[PageOfInterest]] = defaultdict(list)
    for page in map(_page, rows):
        by_topic[topic_of(page.path, topics)].append(page)
    points = {topic: sum(page.points for page in found) for topic, found in by_topic.items()}
    total = sum(points.values())
    return [
        Interest(topic, 100 * points[topic] / total, tuple(by_topic[topic]))
        for topic in sorted(points, key=lambda topic: (-points[topic], topic))
    ]


def _page(row: Row) -> PageOfInterest:
    engaged = row["engaged_ms"]
    return PageOfInterest(
        path=str(row["url_path"]),
        title=str(row["title"]) or str(row["url_path"]),
        views=number(row["views"]),
        engaged=None if engaged is None else timedelta(milliseconds=number(engaged)),
        last_at=moment(row["last_at"]),
        points=float(str(row["points"])),
    )
