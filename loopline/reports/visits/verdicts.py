"""What is left out of figures because machines did it, why, and which visitors were judged beyond their arrival."""

from dataclasses import dataclass
from datetime import datetime

from loopline.attribution.state import VERDICT_STATE, Part, is_machine, latest, question, visible, with_verdict
from loopline.reports.visits.machine_score import REASONS
from loopline.store.engine import Engine, Row, Value

MOST = 200
BY_HAND = "by hand"
"""Stands for the version of the rules where a person judged. Rules never go over it."""

ON_ARRIVAL = {
    "crawler": "its user agent is that of a crawler",
    "webdriver": "the browser says that a program drives it",
    "no_user_agent": "a browser that does not say what it is",
    "mail_scanner": "a program that looks through mails for dangerous links",
    "by_hand": "somebody here said so",
}
_JUDGED = Part("judged", latest("bot_verdict_facts", "verdict", "rule_version", "score", "reasons", "occurred_at"))
_LEFT_OUT = question(
    f"""
    SELECT coalesce(v.verdict, e.bot_verdict) AS counted_as, count(*) AS events,
        sum(CASE WHEN e.is_entry THEN 1 ELSE 0 END) AS visits
    FROM events AS e {with_verdict()}
    WHERE e.recorded_at <= $as_of AND e.occurred_at >= $since AND {visible("e.unit_id")}
        AND {is_machine()}
    GROUP BY coalesce(v.verdict, e.bot_verdict) ORDER BY events DESC, counted_as
    """,
    VERDICT_STATE,
)
_SEEN = f"""
    SELECT visitor_id, count(*) AS events, sum(CASE WHEN is_entry THEN 1 ELSE 0 END) AS visits,
        max(occurred_at) AS last_at, max(unit_id) AS unit_id, arg_max(bot_verdict, occurred_at) AS on_arrival
    FROM events WHERE recorded_at <= $as_of AND visitor_id <> '' AND {visible("unit_id")}
"""
_COLUMNS = """
    s.visitor_id AS visitor_id, s.events AS events, s.visits AS visits, s.last_at AS last_at, s.unit_id AS unit_id,
    s.on_arrival AS on_arrival, coalesce(j.verdict, '') AS verdict, coalesce(j.rule_version, '') AS rule_version,
    coalesce(j.reasons, '') AS reasons, j.score AS score
"""
_JUDGED_LIST = question(
    f"""
    SELECT {_COLUMNS}
    FROM judged AS j JOIN (
        {_SEEN} AND visitor_id IN (SELECT id FROM judged WHERE NOT is_deleted) GROUP BY visitor_id
    ) AS s ON s.visitor_id = j.id
    WHERE NOT j.is_deleted ORDER BY j.occurred_at DESC, s.visitor_id LIMIT {MOST}
    """,
    _JUDGED,
)
_ONE = question(
    f"""
    SELECT {_COLUMNS}
    FROM ({_SEEN} AND visitor_id = $visitor GROUP BY visitor_id) AS s
    LEFT JOIN judged AS j ON j.id = s.visitor_id AND NOT j.is_deleted
    """,
    _JUDGED,
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    verdict: str
    events: int
    visits: int

    @property
    def reason(self) -> str:
        return words(self.verdict.partition(":")[2])


@dataclass(frozen=True, slots=True)
class Judged:
    """A visitor with the verdict that counts."""

    visitor_id: str
    verdict: str
    """The one that counts: what was judged later, else what was judged on arrival."""
    reasons: tuple[str, ...]
    """In words; what a person noted."""
    score: int | None
    is_by_hand: bool
    events: int
    visits: int
    last_at: datetime
    unit_id: str

    @property
    def is_machine(self) -> bool:
        return self.verdict.startswith("machine")


def words(reason: str) -> str:
    """A reason for being a machine, in words; one we do not know stays as it is."""
    return REASONS.get(reason) or ON_ARRIVAL.get(reason) or reason or "no reason was given"


def left_out(engine: Engine, since: datetime, *, unit_ids: tuple[str, ...] | None) -> list[LeftOut]:
    """Events and visits of machines since then, by verdict. Raises StoreError, QueryTimeoutError."""
    rows = engine.rows(_LEFT_OUT, {**_params(engine, unit_ids), "since": since}, timeout_s=10)
    return [LeftOut(str(row["counted_as"]), _number(row["events"]), _number(row["visits"])) for row in rows]


def judged_visitors(engine: Engine, *, unit_ids: tuple[str, ...] | None) -> list[Judged]:
    """Visitors that were judged beyond their arrival, the latest verdict first, at most MOST."""
    return [_judged(row) for row in engine.rows(_JUDGED_LIST, _params(engine, unit_ids), timeout_s=10)]


def judged_visitor(engine: Engine, visitor: str, *, unit_ids: tuple[str, ...] | None) -> Judged | None:
    """One visitor; None when nothing of it was seen in these units (None: all)."""
    rows = engine.rows(_ONE, {**_params(engine, unit_ids), "visitor": visitor}, timeout_s=10)
    return _judged(rows[0]) if rows else None


def _params(engine: Engine, unit_ids: tuple[str, ...] | None) -> dict[str, Value]:
    return {"as_of": engine.horizon(), "all_units": unit_ids is None, "unit_ids": list(unit_ids or ())}


def _judged(row: Row) -> Judged:
    verdict, reasons = str(row["verdict"] or row["on_arrival"]), str(row["reasons"])
    is_by_hand = row["rule_version"] == BY_HAND
    keys = reasons.split(",") if reasons else [verdict.partition(":")[2]]
    told = (reasons,) if is_by_hand else tuple(words(key) for key in keys)
    last_at = row["last_at"]
    assert isinstance(last_at, datetime)
    return Judged(
        visitor_id=str(row["visitor_id"]),
        verdict=verdict,
        reasons=told if verdict.startswith("machine") or is_by_hand else (),
        score=None if row["score"] is None else _number(row["score"]),
        is_by_hand=is_by_hand,
        events=_number(row["events"]),
        visits=_number(row["visits"]),
        last_at=last_at,
        unit_id=str(row["unit_id"]),
    )


def _number(value: object) -> int:
    return int(str(value))
