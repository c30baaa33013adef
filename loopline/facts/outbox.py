"""Put facts in the outbox. Call it inside the transaction that changes the records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from threading import Event

from django.db import connection, transaction

from loopline.facts.models import OutboxRow
from loopline.lib.times import utc_now
from loopline.store.library import TABLES

something_waits = Event()
"""Set after a commit that left rows in the outbox; the relay of this process waits for it."""

_GIVEN_BY_THE_OUTBOX = {"id", "version", "is_deleted", "occurred_at", "recorded_at"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One version of one record: `row` holds the table's own columns, without id, version and times."""

    table: str
    row_id: str
    row: Mapping[str, object]
    occurred_at: datetime
    is_deleted: bool = False


def record_fact(
    table: str, row_id: str, row: Mapping[str, object], *, occurred_at: datetime | None = None, is_deleted: bool = False
) -> None:
    """Record one version of a record as a row of `table` in the event store.

    Raises KeyError for a table that does not exist and ValueError for a column that does not, so that a wrong fact
    fails in the action, not in the relay.
    """
    record_facts([Fact(table, row_id, row, occurred_at or utc_now(), is_deleted)])


def record_facts(facts: Iterable[Fact]) -> None:
    """Record many versions at once, in their order: a later one of the same record replaces an earlier one."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("facts are recorded inside the transaction of their action")
    OutboxRow.objects.bulk_create([outbox_row(fact) for fact in facts], batch_size=500)
    transaction.on_commit(something_waits.set)


def outbox_row(fact: Fact) -> OutboxRow:
    """The unsaved outbox row of a fact. Raises KeyError or ValueError for a fact that fits no table."""
    wanted = {column.name for column in TABLES[fact.table].columns} - _GIVEN_BY_THE_OUTBOX
    if difference := wanted ^ set(fact.row):
        raise ValueError(f"a fact of {fact.table} differs from its columns in: {', '.join(sorted(difference))}")
    row = {name: _plain(value) for name, value in fact.row.items()}
    return OutboxRow(
        table=fact.table,
        row_id=fact.row_id,
        row=row | {"is_deleted": fact.is_deleted},
        occurred_at=fact.occurred_at,
    )


def _plain(value: object) -> object:
    """JSON form of a value; the store reads times and days back from their ISO form."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)
