"""Who was on the sites lately: one row per visit, whoever it was; and when known people were last seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.attribution.state import (
    CAMPAIGN_STATE,
    CODE_STATE,
    KNOWN_IDENTITIES,
    VERDICT_STATE,
    Part,
    is_machine,
    number_of,
    question,
    theirs,
    visible,
    with_verdict,
)
from loopline.reports.visits.parts import KINDS, PAGES, TOLD
from loopline.store.engine import Engine, Row, Value
from loopline.store.uses import ALWAYS, FIRST_US, LAST_US

WANTED = Part(
    "wanted",
    """
    SELECT * FROM told
    WHERE is_left_out = CASE WHEN $who = 'machines' THEN 1 ELSE 0 END
        AND ($who IN ('', 'machines') OR ($who = 'known' AND person_id <> '')
            OR ($who = 'anonymous' AND person_id = '') OR ($who = 'now' AND last_at >= $here_since))
        AND ($channel = '' OR channel = $channel) AND (NOT $only_begun OR has_begun = 1)
    """,
    (TOLD,),
)
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
ORDER BY w.last_at DESC, w.visit
LIMIT $most OFFSET $skip
"""
_COUNT = """
SELECT sum(1 - t.is_left_out) AS visits, sum(t.is_left_out) AS machine_visits,
    count(DISTINCT CASE WHEN t.is_left_out = 0 THEN t.browser END) AS visitors,
    sum(CASE WHEN t.is_left_out = 0 AND t.person_id <> '' THEN 1 ELSE 0 END) AS known_visits,
    count(DISTINCT CASE WHEN t.is_left_out = 0 AND t.last_at >= $here_since THEN t.browser END) AS now,
    sum(CASE WHEN t.is_left_out = 0 THEN p.pages ELSE 0 END) AS page_views,
    median(CASE WHEN t.is_left_out = 0 THEN p.engaged_ms END) AS engaged_ms
FROM told AS t LEFT JOIN pages AS p ON p.visit = t.visit
WHERE NOT $only_begun OR t.has_begun = 1
"""
_LAST_SEEN = f"""
, theirs AS (
    SELECT identity_no, person_id, from_us, until_us FROM known_identities WHERE person_id IN (SELECT unnest($people))
    UNION ALL SELECT {number_of("'person:' || p.id")} AS identity_no, p.id AS person_id, {ALWAYS}
    FROM (SELECT unnest($people) AS id) AS p)
SELECT t.person_id AS person_id, max(e.occurred_at) AS last_at
FROM events AS e JOIN theirs AS t ON {theirs("e", "t")} {with_verdict("e", "b")}
WHERE e.recorded_at <= $as_of AND e.kind IN {KINDS}
    AND NOT {is_machine("e", "b")} AND {visible("e.unit_id")} AND starts_with(e.url_path, $path)
GROUP BY t.person_id
"""
_NOW = f"""
SELECT count(DISTINCT CASE WHEN e.visitor_id <> '' THEN e.visitor_id WHEN e.session_id <> '' THEN e.session_id
    ELSE e.event_id END) AS visitors
FROM events AS e {with_verdict("e", "b")}
WHERE e.recorded_at <= $as_of AND e.occurred_at >= $since AND e.occurred_at <= $now AND e.kind IN {KINDS}
    AND (e.session_id <> '' OR e.is_entry) AND NOT {is_machine("e", "b")}
    AND {visible("e.unit_id")}
"""
_VISITOR = f"""
SELECT min(e.occurred_at) AS began_at, max(e.occurred_at) AS last_at,
    count(DISTINCT CASE WHEN e.session_id = '' THEN e.event_id ELSE e.session_id END) AS visits,
    arg_max(e.country, e.occurred_at) AS country, arg_max(e.region, e.occurred_at) AS region,
    arg_max(e.device, e.occurred_at) AS device,
    arg_max(e.browser, e.occurred_at) AS browser, arg_max(e.network_company, e.occurred_at) AS network_company,
    max(coalesce(k.person_id, '')) AS person_id,
    max(CASE WHEN {is_machine("e", "b")} THEN 1 ELSE 0 END) AS machine
FROM events AS e
LEFT JOIN known_identities AS k ON k.identity = 'visitor:' || e.visitor_id AND k.until_us = {LAST_US}
    AND k.from_us = {FIRST_US}
{with_verdict("e", "b")}
WHERE e.recorded_at <= $as_of AND e.visitor_id = $visitor AND e.kind IN {KINDS} AND {visible("e.unit_id")}
"""
NOW = timedelta(minutes=5)
"""Whoever did something within it is here now."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which visits: half-open time, who, channel; whose units (None: all)."""

    since: datetime
    until: datetime
    unit_ids: tuple[str, ...] | None
    who: str = ""
    """`known`, `anonymous`, `now`, `machines`, or empty for all people."""
    channel: str = ""
    only_begun: bool = False
    """Only visits that began in the time; otherwise also those that went on in it."""
    most: int = 50
    skip: int = 0
    now: datetime | None = None
    """The moment of asking, where the time asked for reaches beyond it."""

    @property
    def here_since(self) -> datetime:
        """Whoever did something since then is here now."""
        return (self.now or self.until) - NOW


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
    visitors: int
    """Browsers; a visit without an identifier counts as one of its own."""
    known_visits: int
    now: int
    """Visitors of the last minutes."""
    page_views: int
    engaged: timedelta | None
    """Median engaged time of the visits in which it was measured; None when it was in none."""
    machine_visits: int
    """Left out of the others."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser, as its events tell of it."""

    began_at: datetime
    last_at: datetime
    visits: int
    country: str
    region: str
    device: str
    browser: str
    network_company: str
    """A low-confidence hint."""
    person_id: str
    """The person it is linked to; empty where nobody was recognised."""
    is_machine: bool


def visits(engine: Engine, asked: Asked, *, timeout_s: float = 5) -> list[Visit]:
    """The visits asked for, the latest first. Raises StoreError, QueryTimeoutError."""
    sql = question(_LIST, WANTED, PAGES, CODE_STATE, CAMPAIGN_STATE)
    rows = engine.rows(sql, asked_params(engine, asked) | {"most": asked.most, "skip": asked.skip}, timeout_s=timeout_s)
    return [_visit(row) for row in rows]


def count_visits(engine: Engine, asked: Asked, *, timeout_s: float = 5) -> Counts:
    """Everybody in the time and units asked for, whoever and whichever channel is asked for beside."""
    [row] = engine.rows(question(_COUNT, TOLD, PAGES), asked_params(engine, asked), timeout_s=timeout_s)
    engaged = row["engaged_ms"]
    return Counts(
        visits=number(row["visits"]),
        visitors=number(row["visitors"]),
        known_visits=number(row["known_visits"]),
        now=number(row["now"]),
        page_views=number(row["page_views"]),
        engaged=None if engaged is None else timedelta(milliseconds=number(engaged)),
        machine_visits=number(row["machine_visits"]),
    )


def visitor(
    engine: Engine, visitor_id: str, *, unit_ids: tuple[str, ...] | None, timeout_s: float = 3
) -> Visitor | None:
    """One browser; None when nothing is known of it in these units. Raises StoreError."""
    params: dict[str, Value] = {"visitor": visitor_id, "as_of": engine.horizon(), **units(unit_ids)}
    [row] = engine.rows(question(_VISITOR, KNOWN_IDENTITIES, VERDICT_STATE), params, timeout_s=timeout_s)
    if not visitor_id or not number(row["visits"]):
        return None
    return Visitor(
        began_at=moment(row["began_at"]),
        last_at=moment(row["last_at"]),
        visits=number(row["visits"]),
        country=str(row["country"]),
        region=str(row["region"]),
        device=str(row["device"]),
        browser=str(row["browser"]),
        network_company=str(row["network_company"]),
        person_id=str(row["person_id"]),
        is_machine=bool(row["machine"]),
    )


def last_seen(
    engine: Engine, people: Sequence[str], *, unit_ids: tuple[str, ...] | None, path: str = "", timeout_s: float = 3
) -> dict[str, datetime]:
    """When each of these people (ids of those that remain) last did something on a site; unknown ones are missing.
    What machines did is not theirs.

    With `path` only on pages whose path begins so.
    """
    if not people:
        return {}
    params: dict[str, Value] = {
        "people": list(people), "path": path, "as_of": engine.horizon(), **units(unit_ids)
    }  # fmt: skip
    rows = engine.rows(question(_LAST_SEEN, KNOWN_IDENTITIES, VERDICT_STATE), params, timeout_s=timeout_s)
    return {str(row["person_id"]): moment(row["last_at"]) for row in rows}


def visitors_now(engine: Engine, now: datetime, *, unit_ids: tuple[str, ...] | None, timeout_s: float = 1) -> int:
    """Visitors who did something within the last minutes."""
    params: dict[str, Value] = {"since": now - NOW, "now": now, "as_of": engine.horizon(), **units(unit_ids)}
    [row] = engine.rows(question(_NOW, VERDICT_STATE), params, timeout_s=timeout_s)
    return number(row["visitors"])


def asked_params(engine: Engine, asked: Asked) -> dict[str, Value]:
    return {
        "as_of": engine.horizon(),
        "since": asked.since,
        "until": asked.until,
        "here_since": asked.here_since,
        "who": asked.who,
        "channel": asked.channel,
        "only_begun": asked.only_begun,
        **units(asked.unit_ids),
    }


def units(unit_ids: tuple[str, ...] | None) -> dict[str, Value]:
    return {"all_units": unit_ids is None, "unit_ids": list(unit_ids or ())}


def _visit(row: Row) -> Visit:
    engaged = row["engaged_ms"]
    return Visit(
        id=str(row["visit"]),
        began_at=moment(row["began_at"]),
        last_at=moment(row["last_at"]),
        visitor_id=str(row["visitor_id"]),
        person_id=str(row["person_id"]),
        channel=str(row["channel"]),
        campaign=str(row["campaign"] or row["utm_campaign"]),
        referrer_host=str(row["referrer_host"]),
        landing_path=str(row["landing_path"]),
        last_page=str(row["last_title"] or row["last_path"]),
        pages=number(row["pages"]),
        engaged=None if engaged is None else timedelta(milliseconds=number(engaged)),
        network_company=str(row["network_company"]),
        country=str(row["country"]),
        device=str(row["device"]),
        sent_a_form=bool(row["forms"]),
    )


def moment(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"the event store gave {value!r} for a time")
    return value


def number(value: object) -> int:
    """A sum over nothing is NULL in one engine and 0 in the other; of visits both mean none."""
    return 0 if value is None else int(str(value).partition(".")[0])
