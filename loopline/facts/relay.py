"""The relay: carries fact rows from the outbox to the event store.

It may write a row twice after a crash between the store's commit and its own; a row is known by (table, id, version),
so the second time it is recognised and left out. `relayed_at` is the store's own `recorded_at`: the event store's facts
can be built again from the outbox, as-of and all.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from threading import Event, Lock
from time import monotonic
from typing import NamedTuple

import pyarrow as pa
from django.db import close_old_connections, transaction

from loopline.facts.models import OutboxRow
from loopline.facts.outbox import something_waits
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine, StoreError
from loopline.store.library import TABLES

BATCH = 10_000
LOOK_AGAIN_S = 1.0
"""Rows of another process's commits set no event here, so the relay also looks by itself."""
GATHER_S = 0.25
"""Least time between two batches. A write of three rows costs the store nearly as much as one of three hundred, and
the reactor commits many times a second while much comes in."""

turn = Lock()
"""Held from reading rows of the outbox until they are written. Who takes it knows that what is written next was read
after what they changed in the records."""
log = logging.getLogger(__name__)


class Waiting(NamedTuple):
    """A row of the outbox, without what makes a model of it: a relay after an import reads millions."""

    id: int
    table: str
    row_id: str
    row: dict[str, object]
    occurred_at: datetime


class Relay:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def relay_once(self) -> int:
        """Carry over one batch; how many rows waited. Raises StoreError when the store cannot take them."""
        with turn:
            return self._carry_over()

    def _carry_over(self) -> int:
        waiting = waiting_rows(BATCH)
        if not waiting:
            return 0
        known = self._already_stored(waiting)
        fresh = [row for row in waiting if row.id not in known]
        if fresh:
            stamp = self._engine.write(Batch(token=_token(fresh), rows=arrow_rows(fresh)))
            known |= {row.id: stamp for row in fresh}
        _note_relayed([row.id for row in waiting], known)
        return len(waiting)

    def relay_all(self) -> int:
        """Carry over everything that waits; how many rows that were."""
        total = 0
        while count := self.relay_once():
            total += count
        return total

    def run(self, stop: Event) -> None:
        """Carry over until `stop`; a store that cannot take rows is tried again, nothing is skipped."""
        next_at = 0.0
        while not stop.is_set():
            something_waits.wait(LOOK_AGAIN_S)
            stop.wait(max(0.0, next_at - monotonic()))
            something_waits.clear()
            try:
                self.relay_all()
            except StoreError:
                log.exception("The event store did not take the facts; they stay in the outbox and are tried again")
                stop.wait(LOOK_AGAIN_S)
            finally:
                next_at = monotonic() + GATHER_S
                close_old_connections()

    def _already_stored(self, rows: Sequence[Waiting]) -> dict[int, datetime]:
        """Versions the store holds already, with when it learned them."""
        found: dict[int, datetime] = {}
        for table in {row.table for row in rows}:
            sql = f"SELECT version, min(recorded_at) AS at FROM {table} WHERE version BETWEEN $low AND $high GROUP BY 1"
            for answer in self._engine.rows(sql, {"low": rows[0].id, "high": rows[-1].id}):
                version, at = answer["version"], answer["at"]
                if isinstance(version, int) and isinstance(at, datetime):
                    found[version] = at
        return found


def waiting_rows(most: int) -> list[Waiting]:
    """The oldest rows that were not carried over, in their order."""
    rows = OutboxRow.objects.filter(relayed_at__isnull=True).order_by("id")
    return [Waiting(*row) for row in rows.values_list("id", "table", "row_id", "row", "occurred_at")[:most]]


def arrow_rows(rows: Iterable[Waiting], *, as_they_occurred: bool = False) -> dict[str, pa.Table]:
    """Outbox rows as the tables of a batch. With `as_they_occurred` they are recorded when they occurred, else now."""
    by_table: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in rows:
        line = row.row | {"id": row.row_id, "version": row.id, "occurred_at": row.occurred_at}
        if as_they_occurred:
            line["recorded_at"] = row.occurred_at
        by_table[row.table].append(line)
    return {table: to_arrow(TABLES[table], lines) for table, lines in by_table.items()}


def _note_relayed(ids: Sequence[int], known: Mapping[int, datetime]) -> None:
    """Each row by its own number, never a range: a transaction that is still open may hold numbers in between."""
    by_stamp: dict[datetime, list[int]] = defaultdict(list)
    for one in ids:
        by_stamp[known[one]].append(one)
    with transaction.atomic():
        for stamp, its in by_stamp.items():
            OutboxRow.objects.filter(id__in=its).update(relayed_at=stamp)


def _token(rows: Sequence[Waiting]) -> str:
    ids = ",".join(str(row.id) for row in rows)
    return f"outbox:{rows[0].id}-{rows[-1].id}:{hashlib.sha256(ids.encode()).hexdigest()[:16]}"
