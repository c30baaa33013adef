"""What the event store knows of some people's routes: their visits, forms, mails, calls and meetings, oldest first on.

Events belong to a person through `identity_facts`, for shared browsers `browser_use_facts`, and for merged people
`person_facts.canonical_id`, all as of one moment. So visits before the form fill are part of the route, and linking or
merging later brings history along.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from loopline.attribution.state import (
    CHANNEL_STATE,
    VERDICT_STATE,
    channel_again,
    is_machine,
    number_of,
    theirs,
    with_verdict,
)
from loopline.reports.visits.moments import DIRECT, Moment, PageSeen
from loopline.reports.visits.parts import SCROLLED_TO
from loopline.store.engine import Engine, Row, Value
from loopline.store.uses import ALWAYS, BROWSER_USES

MOST_ITEMS = 3_000
"""The newest so many are read; a route that was cut says so."""

SQL = f"""
WITH people AS (
    SELECT id, canonical_id AS person_id
    FROM (
        SELECT id, canonical_id, is_deleted,
               row_number() OVER (PARTITION BY id ORDER BY version DESC, recorded_at DESC) AS place
        FROM person_facts
        WHERE recorded_at <= $as_of
          AND id IN (SELECT id FROM person_facts WHERE canonical_id IN (SELECT unnest($people)))
    ) AS versions
    WHERE place = 1 AND NOT is_deleted AND canonical_id IN (SELECT unnest($people))
),
links AS (
    SELECT id AS identity, linked_id
    FROM (
        SELECT id, person_id AS linked_id, is_deleted,
               row_number() OVER (PARTITION BY id ORDER BY version DESC, recorded_at DESC) AS place
        FROM identity_facts
        WHERE recorded_at <= $as_of
          AND id IN (SELECT id FROM identity_facts WHERE person_id IN (SELECT id FROM people))
    ) AS versions
    WHERE place = 1 AND NOT is_deleted
),
browser_uses AS ({BROWSER_USES}),
identities AS (
    SELECT {number_of("links.identity")} AS identity_no, people.person_id AS person_id, {ALWAYS}
    FROM links JOIN people ON people.id = links.linked_id
    UNION DISTINCT
    SELECT {number_of("'person:' || id")} AS identity_no, person_id, {ALWAYS} FROM people
    UNION DISTINCT
    SELECT {number_of("browser_uses.identity")} AS identity_no, people.person_id AS person_id,
           browser_uses.from_us AS from_us, browser_uses.until_us AS until_us
    FROM browser_uses JOIN people ON people.id = browser_uses.person_id
    UNION DISTINCT
    SELECT {number_of("'visitor:' || unknown.id")} AS identity_no, '' AS person_id, {ALWAYS}
    FROM (SELECT unnest($visitors) AS id) AS unknown
),
verdict_state AS ({VERDICT_STATE.sql}),
codes AS (
    SELECT id, campaign_id
    FROM (
        SELECT id, campaign_id, is_deleted,
               row_number() OVER (PARTITION BY id ORDER BY version DESC, recorded_at DESC) AS place
        FROM campaign_code_facts
        WHERE recorded_at <= $as_of
    ) AS versions
    WHERE place = 1 AND NOT is_deleted
),
campaigns AS (
    SELECT id, name
    FROM (
        SELECT id, name, row_number() OVER (PARTITION BY id ORDER BY version DESC, recorded_at DESC) AS place
        FROM campaign_facts
        WHERE recorded_at <= $as_of
    ) AS versions
    WHERE place = 1
),
channel_state AS ({CHANNEL_STATE.sql}),
theirs AS (
    SELECT events.event_id AS event_id, events.occurred_at AS occurred_at, identities.person_id AS person_id,
           events.unit_id AS unit_id, events.session_id AS session_id, events.visitor_id AS visitor_id,
           CASE WHEN events.kind = 'system' AND events.page_view_id <> '' THEN 'page' ELSE events.kind END AS kind,
           CASE WHEN events.kind IN ('page', 'system') AND events.page_view_id <> '' THEN events.page_view_id
                ELSE events.event_id END AS item,
           events.name AS name, events.is_entry AS is_entry, events.touch_kind AS touch_kind,
           coalesce(again.channel, events.channel) AS channel, events.utm_source AS utm_source,
           events.utm_campaign AS utm_campaign,
           events.referrer_host AS referrer_host, events.url_path AS url_path, events.title AS title,
           events.engaged_ms AS engaged_ms, events.properties AS properties,
           CASE WHEN events.kind = 'system' AND events.page_view_id <> '' THEN {SCROLLED_TO} END AS scrolled,
           CASE WHEN {is_machine("events", "verdicts")} THEN 1 ELSE 0 END AS is_machine
    FROM events
    JOIN identities ON {theirs("events", "identities")}
    {with_verdict("events", "verdicts")}
    {channel_again("events", "again")}
    WHERE events.recorded_at <= $as_of AND ($sees_all_units OR events.unit_id IN (SELECT unnest($units)))
),
items AS (
    SELECT 1 AS one, item, person_id, kind, min(occurred_at) AS began_at,
           arg_min(event_id, occurred_at) AS event_id, arg_min(unit_id, occurred_at) AS unit_id,
           arg_min(session_id, occurred_at) AS session_id, arg_min(name, occurred_at) AS name,
           max(CASE WHEN is_entry THEN 1 ELSE 0 END) AS is_entry, max(touch_kind) AS touch_kind,
           arg_min(channel, occurred_at) AS channel, arg_min(utm_source, occurred_at) AS utm_source,
           arg_min(utm_campaign, occurred_at) AS utm_campaign,
           arg_min(referrer_host, occurred_at) AS referrer_host, max(url_path) AS url_path, max(title) AS title,
           max(engaged_ms) AS engaged_ms, max(CASE WHEN scrolled BETWEEN 0 AND 100 THEN scrolled END) AS scrolled,
           arg_min(properties, occurred_at) AS properties
    FROM theirs
    WHERE is_machine = 0
    GROUP BY item, person_id, kind
)
SELECT items.began_at AS began_at, items.person_id AS person_id, items.kind AS kind, items.event_id AS event_id,
       items.session_id AS session_id, items.name AS name, items.is_entry AS is_entry, items.touch_kind AS touch_kind,
       items.channel AS channel, items.utm_source AS utm_source, items.utm_campaign AS utm_campaign,
       coalesce(campaigns.name, '') AS campaign, items.referrer_host AS referrer_host, items.url_path AS url_path,
       items.title AS title, items.engaged_ms AS engaged_ms, items.scrolled AS scrolled,
       items.properties AS properties,
       machines.visits AS machine_visits
FROM (
    SELECT 1 AS one, count(DISTINCT CASE WHEN session_id = '' THEN event_id ELSE session_id END) AS visits
    FROM theirs
    WHERE is_machine = 1
) AS machines
LEFT JOIN items ON items.one = machines.one
LEFT JOIN codes ON codes.id = items.unit_id || '/' || items.utm_campaign
LEFT JOIN campaigns ON campaigns.id = codes.campaign_id
ORDER BY began_at DESC NULLS LAST, event_id DESC
LIMIT {MOST_ITEMS + 1}
"""


@dataclass(frozen=True, slots=True)
class Visits:
    """The store's part of a route."""

    moments: tuple[Moment, ...]
    machine_visits: int
    """Visits by programs under the same identities; left out."""
    is_cut: bool
    """There is more further back."""
    as_of: datetime


def read_visits(
    engine: Engine,
    people: Sequence[str],
    *,
    units: Sequence[str] | None,
    as_of: datetime | None = None,
    timeout_s: float = 3,
) -> Visits:
    """The visits of `people` (ids of people that remain) in `units` (None: all), newest first.

    Raises StoreError, and QueryTimeoutError after `timeout_s`; never answers with nothing instead.
    """
    return _read(engine, {"people": list(people), "visitors": []}, units, as_of or engine.horizon(), timeout_s)


def read_visitor(engine: Engine, visitor_id: str, *, units: Sequence[str] | None, timeout_s: float = 3) -> Visits:
    """The visits of one browser before anybody said who it was; what a known person did in it is that person's.

    Raises StoreError, and QueryTimeoutError after `timeout_s`.
    """
    return _read(engine, {"people": [], "visitors": [visitor_id]}, units, engine.horizon(), timeout_s)


def _read(
    engine: Engine, whose: dict[str, list[str]], units: Sequence[str] | None, moment: datetime, timeout_s: float
) -> Visits:
    params: dict[str, Value] = {
        **whose,
        "units": list(units or ()),
        "sees_all_units": units is None,
        "as_of": moment,
    }
    rows = engine.rows(SQL, params, timeout_s=timeout_s)
    machine_visits = _number(rows[0]["machine_visits"]) if rows else 0
    items = [row for row in rows[:MOST_ITEMS] if row["event_id"]]
    return Visits(tuple(_moments(items)), machine_visits, len(rows) > MOST_ITEMS, moment)


def _moments(items: Sequence[Row]) -> list[Moment]:
    """One moment per visit, and one for everything in it that is more than looking."""
    found: list[Moment] = []
    visits: dict[str, list[Row]] = {}
    for row in items:
        if row["kind"] in ("page", "track", "identify") and row["session_id"]:
            visits.setdefault(str(row["session_id"]), []).append(row)
        if row["kind"] in _TOLD:
            found.append(_told(row))
        elif row["kind"] == "page" and not row["session_id"]:
            found.append(_visit([row]))
    found += [_visit(rows[::-1]) for rows in visits.values() if any(row["kind"] != "identify" for row in rows)]
    return sorted(found, key=lambda moment: moment.at, reverse=True)


def _visit(rows: Sequence[Row]) -> Moment:
    """A visit from its rows, oldest first."""
    entry = next((row for row in rows if row["is_entry"]), rows[0])
    title, subject, detail = _origin(entry)
    done = [str(row["name"]) for row in rows if row["kind"] == "track" and row["name"]]
    return Moment(
        at=_time(rows[0]),
        kind="visit",
        title=title,
        subject=subject,
        detail=" · ".join([part for part in (detail, *dict.fromkeys(done)) if part]),
        person_id=str(entry["person_id"]),
        pages=_pages(rows),
        event_id=str(entry["event_id"]),
    )


def _origin(entry: Row) -> tuple[str, str, str]:
    """(title, subject, detail) that say where a visit came from."""
    channel, source = str(entry["channel"]), str(entry["utm_source"])
    # A code that belongs to no campaign yet says more together with its source.
    unmapped = (
        " · ".join(part for part in (source, str(entry["utm_campaign"])) if part) if entry["utm_campaign"] else ""
    )
    if campaign := str(entry["campaign"] or unmapped):
        return "Visit from", campaign, channel
    if channel and channel != "Direct":
        return "Visit from", channel, source or str(entry["referrer_host"])
    return DIRECT, "", ""


def _pages(rows: Sequence[Row]) -> tuple[PageSeen, ...]:
    """Pages in the order they were first seen; what was seen again adds up."""
    views = [row for row in rows if row["kind"] == "page"]
    order = {str(row["url_path"]): place for place, row in reversed(list(enumerate(views)))}
    seen: list[PageSeen] = []
    for path, same in groupby(sorted(views, key=lambda row: order[str(row["url_path"])]), lambda row: row["url_path"]):
        again = list(same)
        times = [_number(row["engaged_ms"]) for row in again if row["engaged_ms"] is not None]
        title = next((str(row["title"]) for row in again if row["title"]), "")
        depths = [_number(row["scrolled"]) for row in again if row["scrolled"] is not None]
        seen.append(
            PageSeen(
                title or str(path) or "a page", str(path), sum(times) if times else None, max(depths, default=None)
            )
        )
    return tuple(seen)


_TOLD = {
    "form": "Sent a form",
    "email": "Mail",
    "call": "Call",
    "meeting": "Meeting",
    "offline": "Event",
}
_MAIL = {"email_click": "Clicked in a mail", "reply": "Replied to a mail"}
_KIND = {"offline": "event"}
_SAYS_IT = {"form", "call", "meeting"}
"""Kinds whose title says what the name of the event says."""


def _told(row: Row) -> Moment:
    kind = str(row["kind"])
    said = _properties(str(row["properties"]))
    subject = next((str(said[key]) for key in ("form_title", "form", "subject", "title") if said.get(key)), "")
    title = _MAIL.get(str(row["touch_kind"]), _TOLD[kind]) if kind == "email" else _TOLD[kind]
    return Moment(
        at=_time(row),
        kind=_KIND.get(kind, kind),
        title=title,
        subject=subject or str(row["campaign"] or ""),
        detail=str(said.get("link_text") or ("" if kind in _SAYS_IT else row["name"])),
        emphasis=kind in ("form", "meeting"),
        person_id=str(row["person_id"]),
        event_id=str(row["event_id"]),
    )


def _properties(text: str) -> Mapping[str, Any]:
    """Properties were checked to be an object when the event was loaded; nothing said is an empty text."""
    found = json.loads(text or "{}")
    return found if isinstance(found, dict) else {}


def _time(row: Row) -> datetime:
    at = row["began_at"]
    if not isinstance(at, datetime):
        raise TypeError(f"the event store gave {at!r} for a time")
    return at


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"the event store gave {value!r} for a number")
    return value
