"""Which events arrived: one by its id, those of a person, or the newest."""

from dataclasses import dataclass
from datetime import datetime

from loopline.attribution.state import KNOWN_IDENTITIES, question, theirs
from loopline.store.engine import Engine, Row, Value
from loopline.store.library import TABLES

MOST = 1_000

_COLUMNS = ", ".join(f"e.{column.name} AS {column.name}" for column in TABLES["events"].columns)
_NEWEST = f"""
SELECT {_COLUMNS} FROM events AS e
WHERE e.recorded_at <= $as_of AND e.received_at >= $since
    AND ($all_units OR e.unit_id IN (SELECT unnest($unit_ids)))
    AND ($event_id = '' OR e.event_id = $event_id)
ORDER BY e.received_at DESC, e.event_id LIMIT $most
"""
_OF_A_PERSON = f"""
SELECT {_COLUMNS} FROM events AS e
LEFT JOIN known_identities AS k ON {theirs("e", "k")}
WHERE e.recorded_at <= $as_of AND e.received_at >= $since
    AND ($all_units OR e.unit_id IN (SELECT unnest($unit_ids)))
    AND (e.identity = $email OR k.person_id IN (SELECT person_id FROM known_identities WHERE identity = $email))
ORDER BY e.received_at DESC, e.event_id LIMIT $most
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    since: datetime
    event_id: str = ""
    email: str = ""
    """Normalised address of the person; empty = anyone."""
    most: int = 50
    unit_ids: tuple[str, ...] | None = None
    """Business units to look at; None = all."""


def arrivals(engine: Engine, wanted: Wanted) -> list[Row]:
    """Rows of `events`, newest first, at most `MOST`. Raises StoreError."""
    params: dict[str, Value] = {
        "as_of": engine.horizon(),
        "since": wanted.since,
        "all_units": wanted.unit_ids is None,
        "unit_ids": list(wanted.unit_ids or ()),
        "most": min(wanted.most, MOST),
    }
    if wanted.email:
        sql = question(_OF_A_PERSON, KNOWN_IDENTITIES)
        return engine.rows(sql, {**params, "email": f"email:{wanted.email}"})
    return engine.rows(_NEWEST, {**params, "event_id": wanted.event_id})
