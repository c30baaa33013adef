"""Pages of the own sites: what was looked at, where visits began and ended, and who is behind each figure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.attribution.state import LEAD_STATE, MERGED_STATE, Part, question, visible
from loopline.reports.visits.parts import PAGES, SCROLLS, TOLD, VIEWS
from loopline.reports.visits.visitors import Asked, asked_params, moment, number
from loopline.store.engine import Engine, Row, Value

SESSION_ENDS_AFTER = timedelta(minutes=30)
MOST_PAGES = 1_000

PAGE_VIEWS = Part(
    "page_views",
    """
    SELECT v.url_host AS url_host, v.url_path AS url_path, v.title AS title, v.began_at AS began_at,
        v.engaged_ms AS engaged_ms, s.scrolled AS scrolled, t.browser AS browser, t.visitor_id AS visitor_id,
        t.person_id AS person_id,
        t.channel AS channel, v.is_entry AS entries,
        CASE WHEN t.last_at < $over_before AND p.last_view = v.page_view THEN 1 ELSE 0 END AS exits,
        CASE WHEN t.last_at < $over_before THEN v.is_entry ELSE 0 END AS ended_entries,
        CASE WHEN t.last_at < $over_before AND p.pages = 1 AND t.has_deed = 0 THEN v.is_entry ELSE 0 END AS bounces
    FROM views AS v JOIN told AS t ON t.visit = v.visit JOIN pages AS p ON p.visit = v.visit
    LEFT JOIN scrolls AS s ON s.visit = v.visit AND s.page_view = v.page_view
    WHERE t.is_left_out = 0
    """,
    (VIEWS, TOLD, PAGES, SCROLLS),
)
LEADS_OF = Part(
    "leads_of",
    f"""
    SELECT coalesce(m.canonical_id, l.person_id) AS person_id, l.id AS lead_id
    FROM lead_state AS l LEFT JOIN merged_state AS m ON m.id = l.person_id
    WHERE NOT l.is_deleted AND {visible("l.unit_id")}
    """,
    (LEAD_STATE, MERGED_STATE),
)
"""Leads by the person that remains."""
_TOP = """
, counted AS (SELECT person_id, count(*) AS leads FROM leads_of GROUP BY person_id),
looked AS (
    SELECT v.*, coalesce(c.leads, 0) AS leads,
        row_number() OVER (PARTITION BY v.url_host, v.url_path, v.person_id ORDER BY v.began_at) AS place
    FROM page_views AS v LEFT JOIN counted AS c ON c.person_id = v.person_id AND v.person_id <> ''
)
SELECT url_host, url_path, max(title) AS title, count(*) AS views, count(DISTINCT browser) AS visitors,
    median(engaged_ms) AS engaged_ms, median(scrolled) AS scrolled,
    sum(entries) AS entries, sum(exits) AS exits, sum(bounces) AS bounces,
    sum(ended_entries) AS ended_entries, sum(CASE WHEN place = 1 THEN leads ELSE 0 END) AS leads
FROM looked GROUP BY url_host, url_path ORDER BY views DESC, url_host, url_path LIMIT $most
"""
_BEHIND = """
SELECT max(v.person_id) AS person_id, max(v.visitor_id) AS visitor_id, count(*) AS views,
    count(DISTINCT v.browser) AS visitors, sum(v.entries) AS entries, sum(v.exits) AS exits,
    sum(v.bounces) AS bounces, sum(v.engaged_ms) AS engaged_ms, max(v.began_at) AS last_at,
    arg_max(v.channel, v.began_at) AS channel
FROM (
    SELECT *, CASE WHEN person_id = '' THEN browser ELSE person_id END AS who
    FROM page_views WHERE url_host = $host AND url_path = $path
) AS v
GROUP BY v.who
"""
_LEADS = """
SELECT DISTINCT l.lead_id AS lead_id FROM page_views AS v JOIN leads_of AS l ON l.person_id = v.person_id
WHERE v.url_host = $host AND v.url_path = $path AND v.person_id <> ''
"""


@dataclass(frozen=True, slots=True)
class Page:
    host: str
    path: str
    title: str
    views: int
    visitors: int
    engaged: timedelta | None
    """Median over its views in which it was measured; None when it was in none."""
    scrolled: float | None
    """How far down it was seen, in percent: the same kind of median."""
    entries: int
    """Visits that began on it."""
    exits: int
    """Visits that ended on it; a visit is over after 30 minutes without an event."""
    bounces: int
    """Visits that began on it and are over, with this one page view, no form and no tracked action."""
    bounce_rate: float | None
    """Bounces in percent of the visits that began on it and are over; None when there is none."""
    leads: int
    """Leads of the people who looked at it in the time."""


@dataclass(frozen=True, slots=True)
class Looker:
    """What one person, or one browser nobody knows, did on a page."""

    person_id: str
    visitor_id: str
    """One of the browsers; empty where there was no identifier."""
    views: int
    visitors: int
    """How many browsers it were."""
    entries: int
    exits: int
    bounces: int
    engaged: timedelta | None
    last_at: datetime
    channel: str
    """How the latest visit came."""


def pages(engine: Engine, asked: Asked, *, timeout_s: float = 5) -> list[Page]:
    """What was looked at in the time asked for, the most seen first, at most `MOST_PAGES`. Raises StoreError."""
    params = _params(engine, asked) | {"most": MOST_PAGES}
    return [_page(row) for row in engine.rows(question(_TOP, PAGE_VIEWS, LEADS_OF), params, timeout_s=timeout_s)]


def lookers(engine: Engine, asked: Asked, host: str, path: str, *, timeout_s: float = 5) -> list[Looker]:
    """Who is behind the figures of one page, the latest first; each figure is the sum over all of them."""
    params = _params(engine, asked) | {"host": host, "path": path}
    found = [_looker(row) for row in engine.rows(question(_BEHIND, PAGE_VIEWS), params, timeout_s=timeout_s)]
    return sorted(found, key=lambda one: (one.last_at, one.person_id, one.visitor_id), reverse=True)


def lead_ids(engine: Engine, asked: Asked, host: str, path: str, *, timeout_s: float = 5) -> list[str]:
    """The leads that one page's figure counts."""
    params = _params(engine, asked) | {"host": host, "path": path}
    rows = engine.rows(question(_LEADS, PAGE_VIEWS, LEADS_OF), params, timeout_s=timeout_s)
    return sorted(str(row["lead_id"]) for row in rows)


def _params(engine: Engine, asked: Asked) -> dict[str, Value]:
    return asked_params(engine, asked) | {"over_before": (asked.now or asked.until) - SESSION_ENDS_AFTER}


def _page(row: Row) -> Page:
    bounces, ended = number(row["bounces"]), number(row["ended_entries"])
    return Page(
        host=str(row["url_host"]),
        path=str(row["url_path"]),
        title=str(row["title"]),
        views=number(row["views"]),
        visitors=number(row["visitors"]),
        engaged=_span(row["engaged_ms"]),
        scrolled=None if row["scrolled"] is None else float(str(row["scrolled"])),
        entries=number(row["entries"]),
        exits=number(row["exits"]),
        bounces=bounces,
        bounce_rate=100 * bounces / ended if ended else None,
        leads=number(row["leads"]),
    )


def _looker(row: Row) -> Looker:
    return Looker(
        person_id=str(row["person_id"]),
        visitor_id=str(row["visitor_id"]),
        views=number(row["views"]),
        visitors=number(row["visitors"]),
        entries=number(row["entries"]),
        exits=number(row["exits"]),
        bounces=number(row["bounces"]),
        engaged=_span(row["engaged_ms"]),
        last_at=moment(row["last_at"]),
        channel=str(row["channel"]),
    )


def _span(milliseconds: object) -> timedelta | None:
    return None if milliseconds is None else timedelta(milliseconds=number(milliseconds))
