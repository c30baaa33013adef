"""Put a fact in the outbox. Call it inside the transaction that changes the record."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from threading import Event

from django.db import connection, transaction

from loopline.facts.models import OutboxRow
from loopline.lib.times import utc_now
from loopline.store.library import TABLES

something_waits = Event()
"""Set after a commit that left rows in the outbox; the relay of this process waits for it."""


def record_fact(
    table: str, row_id: str, row: Mapping[str, object], *, occurred_at: datetime | None = None, is_deleted: bool = False
) -> None:
    """Record one version of a record as a row of `table` in the event store.

    `row` holds the table's own columns, without id, version and times. Raises KeyError for a table that does not
    exist and ValueError for a column that does not, so that a wrong fact fails in the action, not in the relay.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("record_fact() belongs inside the transaction of its action")
    known = {column.name for column in TABLES[table].columns}
    unknown = set(row) - known
    if unknown:
        raise ValueError(f"{table} has no column {', '.join(sorted(unknown))}")
    OutboxRow.objects.create(
        table=table,
        row_id=row_id,
        row={name: _plain(value) for name, value in row.items()} | {"is_deleted": is_deleted},
        occurred_at=occurred_at or utc_now(),
    )
    wake: Callable[[], None] = something_waits.set
    transaction.on_commit(wake)


def _plain(value: object) -> object:
    """JSON form of a value; `facts.relay` turns it back by the kind of its column."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)
