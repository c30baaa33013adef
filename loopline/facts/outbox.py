"""Put facts in the outbox. Call it inside the transaction that changes the records."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from threading import Event
from typing import NamedTuple

from django.db import connection, transaction

from loopline.facts.bulk import insert_values
from loopline.facts.models import OutboxRow
from loopline.lib.times import utc_now
from loopline.store.library import TABLES

something_waits = Event()
"""Set after a commit that left rows in the outbox; the relay of this process waits for it."""

_PLAIN = {str, int, float, bool, type(None)}
_GIVEN_BY_THE_OUTBOX = {"id", "version", "is_deleted", "occurred_at", "recorded_at"}


class Fact(NamedTuple):
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
    rows = ((fact.table, fact.row_id, _row(fact), fact.occurred_at) for fact in facts)
    insert_values(OutboxRow, ("table", "row_id", "row", "occurred_at"), rows)
    transaction.on_commit(something_waits.set)


def outbox_row(fact: Fact) -> OutboxRow:
    """The unsaved outbox row of a fact. Raises KeyError or ValueError for a fact that fits no table."""
    return OutboxRow(table=fact.table, row_id=fact.row_id, row=_row(fact), occurred_at=fact.occurred_at)


def _row(fact: Fact) -> dict[str, object]:
    wanted = _wanted(fact.table)
    if wanted != fact.row.keys():
        difference = ", ".join(sorted(wanted ^ fact.row.keys()))
        raise ValueError(f"a fact of {fact.table} differs from its columns in: {difference}")
    row = {name: value if type(value) in _PLAIN else _plain(value) for name, value in fact.row.items()}
    row["is_deleted"] = fact.is_deleted
    return row


@cache
def _wanted(table: str) -> frozenset[str]:
    return frozenset(column.name for column in TABLES[table].columns) - _GIVEN_BY_THE_OUTBOX


def _plain(value: object) -> object:
    """JSON form of a value; the store reads times and days back from their ISO form."""
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str | int | float) else str(value)
