"""The relay: carries fact rows from the outbox to the event store.

It may write a row twice after a crash between the store's commit and its own; a row is known by (table, id, version),
so the second time it is recognised and left out. `relayed_at` is the store's own `recorded_at`: the event store's facts
can be built again from the outbox, as-of and all.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from threading import Event

import pyarrow as pa
from django.db import close_old_connections

from loopline.facts.models import OutboxRow
from loopline.facts.outbox import something_waits
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine, StoreError
from loopline.store.library import TABLES

BATCH = 5_000
LOOK_AGAIN_S = 1.0
"""Rows of another process's commits set no event here, so the relay also looks by itself."""

log = logging.getLogger(__name__)


class Relay:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def relay_once(self) -> int:
        """Carry over one batch; how many rows waited. Raises StoreError when the store cannot take them."""
        waiting = list(OutboxRow.objects.filter(relayed_at__isnull=True).order_by("id")[:BATCH])
        if not waiting:
            return 0
        known = self._already_stored(waiting)
        fresh = [row for row in waiting if row.id not in known]
        if fresh:
            stamp = self._engine.write(Batch(token=_token(fresh), rows=arrow_rows(fresh)))
            known |= {row.id: stamp for row in fresh}
        for row in waiting:
            row.relayed_at = known[row.id]
        OutboxRow.objects.bulk_update(waiting, ["relayed_at"], batch_size=500)
        return len(waiting)

    def relay_all(self) -> int:
        """Carry over everything that waits; how many rows that were."""
        total = 0
        while count := self.relay_once():
            total += count
        return total

    def run(self, stop: Event) -> None:
        """Carry over until `stop`; a store that cannot take rows is tried again, nothing is skipped."""
        while not stop.is_set():
            something_waits.wait(LOOK_AGAIN_S)
            something_waits.clear()
            try:
                self.relay_all()
            except StoreError:
                log.exception("The event store did not take the facts; they stay in the outbox and are tried again")
                stop.wait(LOOK_AGAIN_S)
            finally:
                close_old_connections()

    def _already_stored(self, rows: Sequence[OutboxRow]) -> dict[int, datetime]:
        """Versions the store holds already, with when it learned them."""
        found: dict[int, datetime] = {}
        for table in {row.table for row in rows}:
            sql = f"SELECT version, min(recorded_at) AS at FROM {table} WHERE version BETWEEN $low AND $high GROUP BY 1"
            for answer in self._engine.rows(sql, {"low": rows[0].id, "high": rows[-1].id}):
                version, at = answer["version"], answer["at"]
                if isinstance(version, int) and isinstance(at, datetime):
                    found[version] = at
        return found


def arrow_rows(rows: Iterable[OutboxRow], *, with_recorded_at: bool = False) -> dict[str, pa.Table]:
    """Outbox rows as the tables of a batch. With `with_recorded_at` they carry their `relayed_at` as recorded."""
    by_table: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in rows:
        line = row.row | {"id": row.row_id, "version": row.id, "occurred_at": row.occurred_at}
        by_table[row.table].append(line | ({"recorded_at": row.relayed_at} if with_recorded_at else {}))
    return {table: to_arrow(TABLES[table], lines) for table, lines in by_table.items()}


def _token(rows: Sequence[OutboxRow]) -> str:
    ids = ",".join(str(row.id) for row in rows)
    return f"outbox:{rows[0].id}-{rows[-1].id}:{hashlib.sha256(ids.encode()).hexdigest()[:16]}"
