"""The event store in ClickHouse, which several Loopline processes may write to and read from.

ClickHouse has no transaction over several tables, so a batch is a little protocol: it is announced in `begun`, its
rows are inserted with a deduplication token each, then its cursors, and last its line in `batches`, which makes it
count. A batch repeated after a crash is completed, its rows counted once. The horizon stays before every batch that
was announced and is not complete, so that a read as of it never sees half a batch and gives the same answer again.
"""

import contextlib
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from loopline.lib.times import Clock, as_utc, utc_now
from loopline.store import clickhouse_tables
from loopline.store.arrow import checked, plain, stamped, to_rows
from loopline.store.clickhouse_address import read_address
from loopline.store.clickhouse_errors import ERRORS, read_error, write_error
from loopline.store.clickhouse_sql import names_in, translate
from loopline.store.clickhouse_steps import Step
from loopline.store.engine import Batch, Common, Row, StoreError, Value
from loopline.store.erasing import rows_of, texts_put
from loopline.store.kept import KeptTables
from loopline.store.library import table_named
from loopline.store.params import wanted

TICK = timedelta(microseconds=1)
GIVEN_UP_AFTER = timedelta(minutes=10)
"""An announced batch holds the horizon back so long; its writer is then taken for dead."""
ROWS_PER_BLOCK = 100_000
WRITE_SETTINGS = {"insert_deduplicate": 1, "mutations_sync": 2, "async_insert": 0}
READ_SETTINGS = {"readonly": 2, "wait_end_of_query": 1}
"""The server waits for the end, so that an error half-way is an error and not half an answer."""


class ClickHouseEngine:
    is_dead = False

    def __init__(self, url: str, *, clock: Clock = utc_now, kept: Path | None = None) -> None:
        """Connect to `EVENTS_URL`, making the database when it is missing. Raises StoreError when it cannot.

        `kept` is a folder for answers that are kept for a while; None keeps none.
        """
        self.kept = KeptTables(kept)
        self._address = read_address(url)
        self._clock = clock
        self._write_lock = threading.Lock()
        self._read_turn: AbstractContextManager[object] = (
            threading.Lock() if self._address.is_chdb else contextlib.nullcontext()
        )
        self._promised: datetime | None = None
        self._writer = self._address.client(WRITE_SETTINGS)
        try:
            self._writer.command(f"CREATE DATABASE IF NOT EXISTS {self._address.database}")
            self._writer.database = self._address.database
        except ERRORS as error:
            raise StoreError(f"The database {self._address.database} cannot be made: {error}") from error
        self._reader = self._address.client(READ_SETTINGS, self._address.database)

    def migrate(self) -> None:
        try:
            clickhouse_tables.migrate(self._writer, self._address.database)
        except ERRORS as error:
            raise write_error(error) from error

    def write(self, batch: Batch) -> datetime:
        rows = {key: checked(table_named(key), content) for key, content in batch.rows.items()}
        with self._write_lock:
            earlier = self._one("SELECT min(recorded_at) AS found FROM batches WHERE token = $token", token=batch.token)
            if earlier is not None:
                return earlier
            try:
                self._announce(batch)
                stamp = self._next_stamp()
                return self._complete(batch, {key: stamped(content, stamp) for key, content in rows.items()}, stamp)
            except ERRORS as error:
                raise write_error(error) from error

    def _announce(self, batch: Batch) -> None:
        """Hold the horizon back before the stamp is chosen: from now on it stays at `follows` until we are done."""
        follows = self._last_stamp() or datetime.fromtimestamp(0, tz=self._now().tzinfo)
        announced = _columns([(batch.token, follows, self._now())], "token", "follows", "begun_at")
        self._append("begun", announced)

    def _complete(self, batch: Batch, rows: Mapping[str, pa.Table], stamp: datetime) -> datetime:
        for key, content in rows.items():
            for start in range(0, content.num_rows, ROWS_PER_BLOCK):
                block = content.slice(start, ROWS_PER_BLOCK)
                self._append(key, block, insert_deduplication_token=f"{batch.token}/{start}")
        if batch.cursors:
            moved = [(name, position, stamp) for name, position in batch.cursors.items()]
            self._append("cursors", _columns(moved, "name", "position", "recorded_at"))
        self._append("batches", _columns([(batch.token, stamp)], "token", "recorded_at"))
        return stamp

    def _append(self, table: str, rows: pa.Table, **settings: str) -> None:
        self._writer.insert_arrow(table, rows, database=self._address.database, settings=settings)

    def _now(self) -> datetime:
        return as_utc(self._clock())

    def _last_stamp(self) -> datetime | None:
        return self._one("SELECT max(recorded_at) AS found FROM batches")

    def _next_stamp(self) -> datetime:
        """Now, or just after the last stamp where the clock stood still, went back or differs between machines."""
        earlier = [moment + TICK for moment in (self._last_stamp(), self._promised) if moment is not None]
        return max(self._now(), *earlier) if earlier else self._now()

    def _one(self, sql: str, **params: Value) -> datetime | None:
        [row] = self.rows(sql, params)
        found = row["found"]
        return found if isinstance(found, datetime) else None

    def cursor(self, name: str) -> int:
        sql = "SELECT coalesce(max(position), 0) AS position FROM cursors WHERE name = $name"
        return int(self.query(sql, {"name": name})["position"][0].as_py())

    def together(self, common: Common) -> AbstractContextManager[None]:
        """Each question stays by itself: its steps may be answered by another machine than those of the one before."""
        del common
        return contextlib.nullcontext()

    def at_once(self, works: Sequence[Callable[[], None]]) -> None:
        """One after the other: an answer has all of the server, and its tables are of one session."""
        for work in works:
            work()

    def query(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> pa.Table:
        values = wanted(params or {}, names_in(sql))
        ends = time.monotonic() + timeout_s
        try:
            with self._read_turn:
                return self._asked(translate(sql, values), values, ends)
        except ERRORS as error:
            raise read_error(error, timeout_s) from error

    def _asked(self, steps: Sequence[Step], values: Mapping[str, Value], ends: float) -> pa.Table:
        session = {} if self._address.is_chdb or len(steps) == 1 else {"session_id": uuid.uuid4().hex}
        *parts, last = steps
        try:
            for part in parts:
                self._reader.command(_within(part, ends), parameters=_taken(part, values), settings=session)
            return plain(
                self._reader.query_arrow(_within(last, ends), parameters=_taken(last, values), settings=session)
            )
        except ERRORS:
            if self._address.is_chdb:  # chDB puts what is left of a failed answer before the next one
                self._reader.close()
                self._reader = self._address.client(READ_SETTINGS, self._address.database)
            raise
        finally:
            self._forget(parts, session)

    def _forget(self, parts: Sequence[Step], session: dict[str, str]) -> None:
        """Drop the tables of a question. A server that cannot now does it when it ends the session, a minute later."""
        with contextlib.suppress(*ERRORS):
            for part in parts:
                self._reader.command(f"DROP TEMPORARY TABLE IF EXISTS {part.makes}", settings=session)

    def rows(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> list[Row]:
        return to_rows(self.query(sql, params, timeout_s=timeout_s))

    def horizon(self) -> datetime:
        """The last stamp is read before the announcements: a batch stamped before it was announced before it."""
        last = self._last_stamp()
        if last is None:
            with self._write_lock:
                self._promised = self._promised or self._now()
                return self._promised
        since = self._now() - GIVEN_UP_AFTER
        held = self._one(_HELD_BACK, since=since)
        return last if held is None else min(last, held)

    def erase(self, table: str, column: str, values: Sequence[str], *, within: Mapping[str, str] | None = None) -> int:
        where, given = rows_of(table, column, values, within)
        return self._remove(table, "DELETE", where, given)

    def blank(self, table: str, column: str, values: Sequence[str], put: Mapping[str, str]) -> int:
        where, given = rows_of(table, column, values)
        sets, texts = texts_put(table, put)
        return self._remove(table, f"UPDATE {sets}", where, given | texts)

    def _remove(self, table: str, what: str, where: str, given: Mapping[str, Value]) -> int:
        """Change parts of a table for good; waits until it is done. How many rows it was about."""
        [row] = self.rows(f"SELECT count(*) AS found FROM {table} WHERE {where}", given)
        found = int(str(row["found"]))
        change = f"ALTER TABLE {self._address.database}.{table} {_with_types(what)} WHERE {_with_types(where)}"
        with self._write_lock:
            try:
                if found:
                    self._writer.command(change, parameters=dict(given))
                # Afterwards: what another process works out while rows go must not outlive this.
                self._writer.command(f"INSERT INTO {self._address.database}.erasures VALUES (now())")
            except ERRORS as error:
                raise write_error(error) from error
        self.kept.forget()
        return found

    def compact(self) -> None:
        """Nothing: ClickHouse writes parts anew when rows go, and removes the old ones some minutes later."""

    def held(self) -> AbstractContextManager[object]:
        """Other processes may write meanwhile."""
        return self._write_lock

    def erasures(self) -> int:
        [row] = self.rows("SELECT count(*) AS done FROM erasures")
        return int(str(row["done"]))

    def close(self) -> None:
        self._reader.close()
        self._writer.close()


def _within(step: Step, ends: float) -> str:
    left = max(ends - time.monotonic(), 0.001)
    return f"{step.text}\nSETTINGS max_execution_time = {left:f}, timeout_overflow_mode = 'throw'"


def _taken(step: Step, values: Mapping[str, Value]) -> dict[str, Value] | None:
    return {name: values[name] for name in step.places if values[name] is not None} or None


def _with_types(sql: str) -> str:
    """Parameters as ClickHouse names them, of the few kinds that an erasure has."""
    sql = re.sub(r"(\w+) IN \(SELECT unnest\(\$values\)\)", r"has({values:Array(String)}, \1)", sql)
    return re.sub(r"\$(\w+)", r"{\1:String}", sql)


_HELD_BACK = """
SELECT min(follows) AS found FROM begun
WHERE begun_at > $since AND token NOT IN (SELECT token FROM batches WHERE recorded_at > $since)
"""


def _columns(lines: Sequence[tuple[object, ...]], *names: str) -> pa.Table:
    return pa.table(
        {
            name: pa.array(values, pa.timestamp("us", "UTC") if isinstance(values[0], datetime) else None)
            for name, values in zip(names, zip(*lines, strict=True), strict=True)
        }
    )
