"""The facts behind one cause of a change: what was learned between two moments, and what was said before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from loopline.attribution.state import Part, as_known_at, latest, question, visible
from loopline.reports.change.arrived import arrived, between
from loopline.reports.change.causes import Cause
from loopline.reports.options import Scope
from loopline.store.engine import Engine, Value

MOST = 100
"""So many are listed, what was learned last first."""


@dataclass(frozen=True, slots=True)
class Fact:
    record_id: str
    learned_at: datetime
    before: Mapping[str, Value] | None
    """`Cause.shown` → value; None where nothing was known."""
    after: Mapping[str, Value] | None
    """None where it no longer counts."""
    changed_at: datetime | None
    """When the action happened that recorded what is known now; None of an event, which nobody changes."""


def facts_of(cause: Cause, scope: Scope, since: datetime, engine: Engine) -> list[Fact]:
    """What the asker may see of it. Raises StoreError."""
    if not cause.table:
        return []
    if not cause.has_unit and not scope.books.sees_all_units:
        return []
    params = {**scope.params, **between(engine, scope, since)}
    rows = engine.rows(_events(cause) if cause.table == "events" else _versions(cause), params)
    return [_fact(cause, row) for row in rows]


def _fact(cause: Cause, row: Mapping[str, object]) -> Fact:
    learned_at = row["learned_at"]
    changed_at = row.get("changed_at")
    assert isinstance(learned_at, datetime)
    return Fact(
        record_id=str(row["id"]),
        learned_at=learned_at,
        before={name: row[f"was_{name}"] for name in cause.shown} if row["was_there"] else None,  # type: ignore[misc]
        after=None if row["is_deleted"] else {name: row[name] for name in cause.shown},  # type: ignore[misc]
        changed_at=changed_at if isinstance(changed_at, datetime) else None,
    )


def _events(cause: Cause) -> str:
    """Events are never changed. Those after the period are left out: they cannot have changed it."""
    return f"""
        SELECT event_id AS id, recorded_at AS learned_at, FALSE AS was_there, FALSE AS is_deleted,
            {", ".join(cause.shown)}
        FROM events
        WHERE {arrived(cause)} AND epoch_us(occurred_at) < $to_us AND {visible("unit_id")}
        ORDER BY recorded_at DESC, event_id LIMIT {MOST}
    """


def _versions(cause: Cause) -> str:
    """Records of which a version arrived, as they are and as they were."""
    names = [*cause.shown, "occurred_at", *(["unit_id"] if cause.has_unit else [])]
    learned = Part(
        "learned", f"SELECT id, max(recorded_at) AS learned_at FROM {cause.table} WHERE {arrived(cause)} GROUP BY id"
    )
    now = Part("facts_now", latest(cause.table, *names, where="id IN (SELECT id FROM learned)"), (learned,))
    columns = ", ".join(f"n.{name} AS {name}, b.{name} AS was_{name}" for name in cause.shown)
    return question(
        f"""
        SELECT n.id AS id, l.learned_at AS learned_at, n.occurred_at AS changed_at, n.is_deleted AS is_deleted,
            b.id IS NOT NULL AND NOT b.is_deleted AS was_there, {columns}
        FROM facts_now AS n JOIN learned AS l ON l.id = n.id LEFT JOIN facts_before AS b ON b.id = n.id
        {f"WHERE {visible('n.unit_id')}" if cause.has_unit else ""}
        ORDER BY learned_at DESC, id LIMIT {MOST}
        """,
        now,
        learned,
        as_known_at(now, "$since", "facts_before"),
    )
