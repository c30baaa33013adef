"""Who was on the sites lately: one row per visit, whoever it was; and when known people were last seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.attribution.state import (
    CAMPAIGN_STATE,
    CODE_STATE,
    KNOWN_IDENTITIES,
    VERDICT_STATE,
    question,
    visible,
)
from loopline.store.engine import Engine, Row, Value

DIRECT = "Direct"

_VISITS = f"""
, seen AS (
    SELECT e.*, CASE WHEN e.session_id = '' THEN e.event_id ELSE e.session_id END AS visit
    FROM events AS e
    WHERE e.recorded_at <= $as_of AND e.occurred_at >= $since AND e.occurred_at < $until
        AND (e.session_id <> '' OR e.is_entry) AND e.kind IN ('page', 'track', 'system', 'form', 'identify')
        AND {visible("e.unit_id")}
),
views AS (
    SELECT visit, CASE WHEN page_view_id = '' THEN event_id ELSE page_view_id END AS page_view,
        min(occurred_at) AS began_at, max(title) AS title, max(url_path) AS url_path, max(engaged_ms) AS engaged_ms
    FROM seen WHERE kind IN ('page', 'system') GROUP BY 1, 2
),
pages AS (
    SELECT visit, count(*) AS pages, sum(engaged_ms) AS engaged_ms, arg_max(title, began_at) AS last_title,
        arg_max(url_path, began_at) AS last_path
    FROM views GROUP BY visit
),
visits AS (
    SELECT visit, min(occurred_at) AS began_at, max(occurred_at) AS last_at, max(visitor_id) AS visitor_id,
        max(unit_id) AS unit_id, max(CASE WHEN kind = 'form' THEN 1 ELSE 0 END) AS forms,
        max(CASE WHEN identity LIKE 'visitor:%' THEN '' ELSE identity END) AS named,
        arg_min(channel, occurred_at) AS channel, arg_min(utm_campaign, occurred_at) AS utm_campaign,
        arg_min(referrer_host, occurred_at) AS referrer_host, max(landing_path) AS landing_path,
        max(network_company) AS network_company, max(country) AS country, max(device) AS device,
        max(CASE WHEN bot_verdict LIKE 'machine%' THEN 1 ELSE 0 END) AS is_machine
    FROM seen GROUP BY visit
),
told AS (
    SELECT v.*, coalesce(n.person_id, k.person_id,
            CASE WHEN v.named LIKE 'person:%' THEN substring(v.named, 8) ELSE '' END) AS person_id,
        CASE WHEN coalesce(CASE WHEN b.verdict LIKE 'machine%' THEN 1 ELSE 0 END, 0) + v.is_machine > 0
            THEN 1 ELSE 0 END AS is_left_out
    FROM visits AS v
    LEFT JOIN known_identities AS n ON n.identity = v.named AND v.named <> ''
    LEFT JOIN known_identities AS k ON k.identity = 'visitor:' || v.visitor_id
    LEFT JOIN verdict_state AS b ON b.id = v.visitor_id
),
wanted AS (
    SELECT * FROM told
    WHERE ($who = '' OR ($who = 'known' AND person_id <> '') OR ($who = 'anonymous' AND person_id = ''))
        AND ($channel = '' OR channel = $channel)
)
"""
_LIST = """
SELECT w.visit AS visit, w.began_at AS began_at, w.last_at AS last_at, w.visitor_id AS visitor_id,
    w.person_id AS person_id, w.channel AS channel, w.utm_campaign AS utm_campaign,
    w.referrer_host AS referrer_host, w.landing_path AS landing_path, w.network_company AS network_company,
    w.country AS country, w.device AS device, w.forms AS forms, coalesce(c.name, '') AS campaign,
    coalesce(p.pages, 0) AS pages, p.engaged_ms AS engaged_ms, coalesce(p.last_title, '') AS last_title,
    coalesce(p.last_path, '') AS last_path
FROM wanted AS w
LEFT JOIN pages AS p ON p.visit = w.visit
LEFT JOIN code_state AS s ON s.unit_id = w.unit_id AND s.code = w.utm_campaign AND w.utm_campaign <> ''
    AND NOT s.is_deleted
LEFT JOIN campaign_state AS c ON c.id = s.campaign_id
WHERE w.is_left_out = 0
ORDER BY w.last_at DESC, w.visit
LIMIT $most OFFSET $skip
"""
_COUNT = """
SELECT sum(CASE WHEN is_left_out = 0 THEN 1 ELSE 0 END) AS visits,
    sum(is_left_out) AS machine_visits,
    sum(CASE WHEN is_left_out = 0 AND person_id <> '' THEN 1 ELSE 0 END) AS known_visits
FROM wanted
"""
_LAST_SEEN = f"""
, theirs AS (SELECT identity, person_id FROM known_identities WHERE person_id IN (SELECT unnest($people))
    UNION ALL SELECT 'person:' || p.id AS identity, p.id AS person_id FROM (SELECT unnest($people) AS id) AS p)
SELECT t.person_id AS person_id, max(e.occurred_at) AS last_at
FROM events AS e JOIN theirs AS t ON t.identity = e.identity
WHERE e.recorded_at <= $as_of AND e.kind IN ('page', 'track', 'system', 'form', 'identify')
    AND e.bot_verdict NOT LIKE 'machine%' AND {visible("e.unit_id")}
GROUP BY t.person_id
"""
_NOW = f"""
SELECT count(DISTINCT e.visitor_id) AS visitors FROM events AS e
WHERE e.occurred_at >= $since AND e.occurred_at <= $now AND e.visitor_id <> ''
    AND e.bot_verdict NOT LIKE 'machine%' AND {visible("e.unit_id")}
"""
NOW = timedelta(minutes=5)
"""Whoever did something within it is there now."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which visits: half-open time, who, channel; whose units (None: all)."""

    since: datetime
    until: datetime
    unit_ids: tuple[str, ...] | None
    who: str = ""
    """`known`, `anonymous`, or empty for both."""
    channel: str = ""
    most: int = 50
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    id: str
    began_at: datetime
    last_at: datetime
    visitor_id: str
    person_id: str
    """The person that remains; empty for someone unknown."""
    channel: str
    campaign: str
    """Name of the campaign its code belongs to, else the code as it came."""
    referrer_host: str
    landing_path: str
    last_page: str
    pages: int
    engaged: timedelta | None
    """Time pages were visible and in use; None when nobody measured it."""
    network_company: str
    country: str
    device: str
    sent_a_form: bool


@dataclass(frozen=True, slots=True)
class Counts:
    visits: int
    known_visits: int
    machine_visits: int
    """Left out of the others."""


def visits(engine: Engine, asked: Asked, *, timeout_s: float = 5) -> list[Visit]:
    """The visits asked for, the latest first. Raises StoreError, QueryTimeoutError."""
    rows = engine.rows(
        _sql(_LIST), {**_params(engine, asked), "most": asked.most, "skip": asked.skip}, timeout_s=timeout_s
    )
    return [_visit(row) for row in rows]


def count_visits(engine: Engine, asked: Asked, *, timeout_s: float = 5) -> Counts:
    [row] = engine.rows(_sql(_COUNT), _params(engine, asked), timeout_s=timeout_s)
    return Counts(_number(row["visits"]), _number(row["known_visits"]), _number(row["machine_visits"]))


def last_seen(
    engine: Engine, people: Sequence[str], *, unit_ids: tuple[str, ...] | None, timeout_s: float = 3
) -> dict[str, datetime]:
    """When each of these people (ids of those that remain) last did something on a site; unknown ones are missing."""
    if not people:
        return {}
    params: dict[str, Value] = {"people": list(people), "as_of": engine.horizon(), **_units(unit_ids)}
    rows = engine.rows(question(_LAST_SEEN, KNOWN_IDENTITIES), params, timeout_s=timeout_s)
    return {str(row["person_id"]): _moment(row["last_at"]) for row in rows}


def visitors_now(engine: Engine, now: datetime, *, unit_ids: tuple[str, ...] | None, timeout_s: float = 1) -> int:
    """Browsers in use within the last minutes."""
    [row] = engine.rows(_NOW, {"since": now - NOW, "now": now, **_units(unit_ids)}, timeout_s=timeout_s)
    return _number(row["visitors"])


_PARTS = (KNOWN_IDENTITIES, VERDICT_STATE, CODE_STATE, CAMPAIGN_STATE)


def _sql(select: str) -> str:
    return question(_VISITS + select, *_PARTS)


def _params(engine: Engine, asked: Asked) -> dict[str, Value]:
    return {
        "as_of": engine.horizon(),
        "since": asked.since,
        "until": asked.until,
        "who": asked.who,
        "channel": asked.channel,
        **_units(asked.unit_ids),
    }


def _units(unit_ids: tuple[str, ...] | None) -> dict[str, Value]:
    return {"all_units": unit_ids is None, "unit_ids": list(unit_ids or ())}


def _visit(row: Row) -> Visit:
    engaged = row["engaged_ms"]
    return Visit(
        id=str(row["visit"]),
        began_at=_moment(row["began_at"]),
        last_at=_moment(row["last_at"]),
        visitor_id=str(row["visitor_id"]),
        person_id=str(row["person_id"]),
        channel=str(row["channel"]) or DIRECT,
        campaign=str(row["campaign"] or row["utm_campaign"]),
        referrer_host=str(row["referrer_host"]),
        landing_path=str(row["landing_path"]),
        last_page=str(row["last_title"] or row["last_path"]),
        pages=_number(row["pages"]),
        engaged=None if engaged is None else timedelta(milliseconds=_number(engaged)),
        network_company=str(row["network_company"]),
        country=str(row["country"]),
        device=str(row["device"]),
        sent_a_form=bool(row["forms"]),
    )


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"the event store gave {value!r} for a time")
    return value


def _number(value: object) -> int:
    """A sum over nothing is NULL in one engine and 0 in the other; of visits both mean none."""
    return 0 if value is None else int(str(value).partition(".")[0])
