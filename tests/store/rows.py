"""Rows of the event store for tests: what matters in a test is given, the rest is filled in."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from loopline.store.arrow import to_arrow
from loopline.store.library import TABLES

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def events(*ids: str, **given: object) -> pa.Table:
    shared = {"occurred_at": NOON, "received_at": NOON, "is_entry": False, "consent": 0, **given}
    return to_arrow(TABLES["events"], [{"event_id": one, **shared} for one in ids])


def written(table: str = "events") -> str:
    """SQL text: all that was written of its rows, not the numbers that the store adds."""
    return ", ".join(column.name for column in TABLES[table].columns)


def campaign(key: str, version: int, **given: object) -> dict[str, object]:
    return {"id": key, "version": version, "is_deleted": False, "occurred_at": NOON, **given}


def campaigns(*rows: dict[str, object]) -> pa.Table:
    return to_arrow(TABLES["campaign_facts"], rows)


class SettableClock:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now
