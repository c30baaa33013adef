"""The event store in one DuckDB file, owned by one process.

Tables are append-only, without keys or secondary indexes, and filled in bulk from Arrow only: DuckDB 1.4 and 1.5
lost committed rows after a full disk or a crash through an index. One connection writes; each read has its own, in a
read-only transaction, so reads go on while a batch is written.
"""

import shutil
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from loopline.lib.times import Clock, as_utc, from_micros, utc_now
from loopline.store import duckdb_tables
from loopline.store.arrow import checked, plain, stamped, to_rows
from loopline.store.deadline import Deadline
from loopline.store.duckdb_errors import (
    dead_error,
    full_error,
    open_error,
    read_error,
    refuse_old_version,
    upgrade_error,
    write_error,
)
from loopline.store.duckdb_file import Gate, write_anew
from loopline.store.duckdb_statements import Statements
from loopline.store.duckdb_together import PageNames, PageOf, Together
from loopline.store.engine import Batch, Common, QueryTimeoutError, Row, StoreError, Value
from loopline.store.erasing import rows_of, texts_put
from loopline.store.kept import KeptTables
from loopline.store.library import table_named
from loopline.store.params import wanted
from loopline.store.touches import TOUCHES, touches_of

warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)  # known: `_Question.is_small`
TICK = timedelta(microseconds=1)
FLUSH_FROM = "16MB"
_SAME_EVENT = "event_id, unit_id, recorded_at"
"""What an event and its touchpoint have in common, and no other event."""
UPGRADE_SHARE = 5
"""Making `touches` and the numbers of events may take this part of the file for a while."""
RESERVE_BYTES = 64 * 2**20
"""Kept free on the disk: a checkpoint that finds none is fatal to DuckDB."""


class DuckDBEngine:
    def __init__(
        self,
        path: Path,
        *,
        memory_limit: str = "1GB",
        threads: int = 2,
        clock: Clock = utc_now,
        reserve_bytes: int = RESERVE_BYTES,
        flush_from: str = FLUSH_FROM,
    ) -> None:
        """Open or create the file. Raises StoreError when another process owns it or DuckDB is older than 2.

        Memory goes back to the system in pieces of `flush_from`: a server rests most of the time, and asks for it anew.
        """
        refuse_old_version(duckdb.__version__)
        self.is_dead = False
        self.kept = KeptTables(path.with_name(f"{path.name}.kept"))
        self._path = path
        self._clock = clock
        self._reserve_bytes = reserve_bytes
        self._write_lock = threading.Lock()
        self._horizon: datetime | None = None
        self._erasures = 0
        self._threads = threads
        self._statements = Statements()
        self._page_of = PageOf()
        self._page_names = PageNames()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._settings = _settings(path, memory_limit, threads, flush_from)
        self._gate = Gate()
        self._connection = self._opened()

    def _opened(self) -> duckdb.DuckDBPyConnection:
        try:
            connection = duckdb.connect(str(self._path), config=self._settings)
            for setting in ("TimeZone = 'UTC'", "enable_external_access = false", "lock_configuration = true"):
                connection.execute(f"SET GLOBAL {setting}")
        except duckdb.Error as error:
            raise open_error(self._path, error) from error
        return connection

    def migrate(self) -> None:
        with self._write_lock:
            try:
                self._refuse_without_room_to_upgrade()
                duckdb_tables.migrate(self._connection, self._clock())
                [(horizon,)] = self._connection.execute("SELECT epoch_us(max(recorded_at)) FROM batches").fetchall()
            except duckdb.Error as error:
                raise self._told(error, write_error) from error
            self._horizon = None if horizon is None else from_micros(horizon)

    def _refuse_without_room_to_upgrade(self) -> None:
        """A store of before gets its touchpoints a second time and numbers beside its events: a tenth of the file, and
        room for a checkpoint."""
        free, needed = shutil.disk_usage(self._path.parent).free, self._path.stat().st_size // UPGRADE_SHARE
        if needed > free and not duckdb_tables.is_whole(self._connection):
            raise upgrade_error(self._path, free, needed)

    def write(self, batch: Batch) -> datetime:
        rows = {key: checked(table_named(key), content) for key, content in batch.rows.items()}
        with self._write_lock:
            self._refuse_when_nearly_full(rows)
            try:
                return self._write(batch, rows)
            except Exception as error:
                _undo(self._connection)
                if isinstance(error, StoreError):
                    raise
                raise self._told(error, write_error) from error

    def _write(self, batch: Batch, rows: Mapping[str, pa.Table]) -> datetime:
        run = self._connection.execute
        run("BEGIN TRANSACTION")
        known = "SELECT epoch_us(min(recorded_at)) FROM batches WHERE token = $token"
        [(earlier,)] = run(known, {"token": batch.token}).fetchall()
        if earlier is not None:
            run("COMMIT")
            return from_micros(earlier)
        stamp = self._next_stamp()
        for key, content in rows.items():
            self._append(key, stamped(content, stamp))
        for name, position in batch.cursors.items():
            run("INSERT INTO cursors VALUES ($name, $position, $at)", {"name": name, "position": position, "at": stamp})
        run("INSERT INTO batches VALUES ($token, $at)", {"token": batch.token, "at": stamp})
        run("COMMIT")
        self._horizon = stamp
        return stamp

    def _refuse_when_nearly_full(self, rows: Mapping[str, pa.Table]) -> None:
        free = shutil.disk_usage(self._path.parent).free
        if free < self._reserve_bytes + 2 * sum(content.nbytes for content in rows.values()):
            raise full_error(self._path, free)

    def _append(self, key: str, content: pa.Table) -> None:
        self._connection.register("arriving", content)
        try:
            numbers = duckdb_tables.numbers_of(table_named(key))
            self._connection.execute(f"INSERT INTO {key} BY NAME SELECT *{numbers} FROM arriving")
            if key == "events":
                self._connection.execute(f"INSERT INTO {TOUCHES} BY NAME {touches_of('arriving')}")
        finally:
            self._connection.unregister("arriving")

    def _next_stamp(self) -> datetime:
        """Now, or just after the last stamp where the clock stood still or went back."""
        now = as_utc(self._clock())
        return now if self._horizon is None else max(now, self._horizon + TICK)

    def _told(self, error: Exception, tell: Callable[[Exception], StoreError]) -> StoreError:
        """The error in Loopline's words. After a fatal one DuckDB answers nothing more, not even SELECT 1."""
        if isinstance(error, duckdb.FatalException | duckdb.InternalException):
            try:
                self._connection.cursor().execute("SELECT 1")
            except duckdb.Error:
                self.is_dead = True
        return dead_error(error) if self.is_dead else tell(error)

    def cursor(self, name: str) -> int:
        sql = "SELECT coalesce(max(position), 0) AS position FROM cursors WHERE name = $name"
        return int(self.query(sql, {"name": name})["position"][0].as_py())

    @contextmanager
    def together(self, common: Common) -> Iterator[None]:
        """Writing the file anew (`compact`) waits until the end of it."""
        if self._page_of.thread is not None:
            yield
            return
        with self._gate.passed(), self._page_names.one() as name:
            page = Together(self._connection.cursor(), name, common, self.erasures, self._statements)
            try:
                with self._page_of.joined(page):
                    yield
            finally:
                page.close()

    def at_once(self, works: Sequence[Callable[[], None]]) -> None:
        self._page_of.at_once(works, self._threads)

    def query(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> pa.Table:
        return self._asked(_Question(sql, params or {}, timeout_s))

    def _asked(self, question: "_Question") -> pa.Table:
        together = self._page_of.thread
        try:
            if together is not None:
                return self._read_with(together, question)
            with self._gate.passed():
                reader = self._connection.cursor()
                try:
                    return self._read(reader, question)
                finally:
                    reader.close()
        except duckdb.Error as error:
            raise self._told(error, read_error) from error

    def _read_with(self, together: Together, question: "_Question") -> pa.Table:
        reader = together.reader()
        try:
            answer = self._read(reader, question, together)
            reader.execute("COMMIT")
        except Exception:
            _undo(reader)
            raise
        return answer

    def _read(
        self, reader: duckdb.DuckDBPyConnection, question: "_Question", together: Together | None = None
    ) -> pa.Table:
        sql, params = question.sql, question.params
        with Deadline(question.timeout_s, reader.interrupt) as deadline:
            try:
                if together is not None:
                    sql = together.shortened(sql, params)
                reader.execute("BEGIN TRANSACTION READ ONLY")
                statement = self._statements.of(reader, sql)
                values = wanted(params, statement.named_parameters)
                return plain(question.answer(reader, statement, values))
            except duckdb.InterruptException as error:
                if deadline.has_passed:
                    raise QueryTimeoutError(
                        f"The question took longer than {question.timeout_s:g} s and was stopped."
                    ) from error
                raise

    def rows(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> list[Row]:
        return to_rows(self._asked(_Question(sql, params or {}, timeout_s, is_small=True)))

    def horizon(self) -> datetime:
        if (known := self._horizon) is not None:  # whatever is being written has a later stamp: no need to wait for it
            return known
        with self._write_lock:
            if self._horizon is None:
                self._horizon = as_utc(self._clock())  # whatever is written later gets a later stamp
            return self._horizon

    def erase(self, table: str, column: str, values: Sequence[str], *, within: Mapping[str, str] | None = None) -> int:
        """Delete rows for good. The file is checkpointed, so that the write-ahead log holds them no longer."""
        where, given = rows_of(table, column, values, within)
        return self._change(table, f"DELETE FROM {table} WHERE {where}", where, given)

    def blank(self, table: str, column: str, values: Sequence[str], put: Mapping[str, str]) -> int:
        where, given = rows_of(table, column, values)
        sets, texts = texts_put(table, put)
        return self._change(table, f"UPDATE {table} SET {sets} WHERE {where}", where, given, texts)

    def _change(
        self, table: str, sql: str, where: str, given: Mapping[str, Value], texts: Mapping[str, Value] | None = None
    ) -> int:
        with self._write_lock:
            try:
                count = self._changed(table, sql, where, given, texts)
                self._connection.execute("CHECKPOINT")
            except duckdb.Error as error:
                _undo(self._connection)
                raise self._told(error, write_error) from error
            finally:
                self._erasures += 1  # also where only the checkpoint failed
        self.kept.forget()
        return count

    def _changed(
        self, table: str, sql: str, where: str, given: Mapping[str, Value], texts: Mapping[str, Value] | None
    ) -> int:
        """Touchpoints follow their events in the same transaction; how many rows were changed."""
        run = self._connection.execute
        run("BEGIN TRANSACTION")
        if table == "events" and texts is None:
            run(
                f"DELETE FROM {TOUCHES} WHERE ({_SAME_EVENT}) IN (SELECT {_SAME_EVENT} FROM events WHERE {where})",
                dict(given),
            )
        [(count,)] = run(sql, {**given, **(texts or {})}).fetchall()
        if table == "events" and texts is not None:
            run(f"CREATE OR REPLACE TABLE {TOUCHES} AS {touches_of('events')}")
        run("COMMIT")
        return int(count)

    def compact(self) -> None:
        """Write the file anew: DuckDB only marks rows as gone, and never overwrites what is free.

        Questions wait meanwhile, and batches, too.
        """
        with self._write_lock, self._gate.shut():
            if self.is_dead:
                return
            free, needed = shutil.disk_usage(self._path.parent).free, self._path.stat().st_size
            if free < needed + self._reserve_bytes:
                raise full_error(self._path, free)
            try:
                self._connection.close()
                write_anew(self._path, self._settings)
            except duckdb.Error as error:
                raise write_error(error) from error
            finally:
                self._connection = self._opened()

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._write_lock:
            yield

    def erasures(self) -> int:
        """Of this process: no other one can have the file open, and what it remembered went with it."""
        return self._erasures

    def close(self) -> None:
        with self._write_lock:
            self._connection.close()


@dataclass(frozen=True, slots=True)
class _Question:
    sql: str
    params: Mapping[str, Value]
    timeout_s: float
    is_small: bool = False
    """Executed, a long question is planned once; as a relation, twice. But then the answer is copied once more: nothing
    for the rows of a report, twice the memory for the paths of everybody."""

    def answer(
        self, reader: duckdb.DuckDBPyConnection, statement: duckdb.Statement, values: dict[str, Value]
    ) -> pa.Table:
        if self.is_small:
            return reader.execute(statement, values).to_arrow_table()
        return reader.sql(statement, params=values).to_arrow_table()


def _settings(
    path: Path, memory_limit: str, threads: int, flush_from: str
) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": memory_limit,
        "threads": threads,
        "temp_directory": f"{path}.tmp",
        # Each checkpoint packs the youngest rows anew; at DuckDB's 16 MB that took most of the time of a write.
        # Packed, this much log is far smaller than the room kept free for the checkpoint.
        "checkpoint_threshold": "64MB",
        # What a report needed goes back to the system when it is done. As DuckDB has it, some 150 MB stayed for good.
        "allocator_background_threads": True,
        "allocator_flush_threshold": flush_from,
        "allocator_bulk_deallocation_flush_threshold": flush_from,
        "python_enable_replacements": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
    }


def _undo(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:  # no transaction is open any more, or the database is dead, which `_told` finds out
        return
