"""Event stores that are opened once and lent from test to test: opening one takes longer than most tests."""

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from loopline.store.clickhouse_engine import ClickHouseEngine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.kept import KeptTables

MOST_TESTS = 200
"""Rows that are gone are passed over by each question, until there is a new file."""


class LentStore(DuckDBEngine):
    """An event store over the open database of another. What it keeps is in the folder."""

    def __init__(self, owner: DuckDBEngine, folder: Path) -> None:
        self._owner = owner
        super().__init__(owner._path, threads=owner._threads)
        self._statements = owner._statements
        self.kept = KeptTables(folder / "events.duckdb.kept")

    def _opened(self) -> duckdb.DuckDBPyConnection:
        return self._owner._connection.cursor()

    def compact(self) -> None:
        self._connection.close()
        self._owner.compact()
        self._connection = self._opened()


def lent_clickhouse(owner: ClickHouseEngine) -> ClickHouseEngine:
    """An engine that has the connections of another one, and has promised and kept nothing."""
    engine = copy.copy(owner)
    engine.kept, engine._promised, engine._write_lock = KeptTables(None), None, threading.Lock()
    return engine


def empty_clickhouse(engine: ClickHouseEngine) -> None:
    client, database = engine._writer, engine._address.database
    filled = client.query(
        "SELECT name FROM system.tables "
        "WHERE database = {database:String} AND total_rows > 0 AND name != 'schema_version'",
        parameters={"database": database},
    ).result_rows
    for (table,) in filled:
        client.command(f"TRUNCATE TABLE {database}.{table}")


@dataclass
class Lender:
    """`new(path, threads)` opens a database with all tables and no rows, in a file of the folder."""

    folder: Path
    new: Callable[[Path, int], DuckDBEngine]
    _free: dict[int, tuple[DuckDBEngine, int]] = field(default_factory=dict)
    """By threads: a database without rows, and how many tests had it."""
    _made: int = 0

    @contextmanager
    def lent(self, folder: Path, threads: int) -> Iterator[DuckDBEngine]:
        """A store without rows, whose connections are shut afterwards. A database that cannot be emptied is not lent
        again."""
        owner, tests = self._free.pop(threads, None) or (self._opened(threads), 0)
        store = LentStore(owner, folder)
        try:
            yield store
            store.close()
            _empty(owner)
        except BaseException:
            owner.close()
            raise
        if tests < MOST_TESTS:
            self._free[threads] = owner, tests + 1
        else:
            owner.close()

    def _opened(self, threads: int) -> DuckDBEngine:
        self._made += 1
        return self.new(self.folder / f"{self._made}.duckdb", threads)

    def close(self) -> None:
        for owner, _ in self._free.values():
            owner.close()


def _empty(owner: DuckDBEngine) -> None:
    connection = owner._connection
    filled = connection.execute(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = current_database() AND estimated_size > 0 AND table_name <> 'schema_version'"
    ).fetchall()
    connection.execute("BEGIN TRANSACTION")
    for (table,) in filled:
        connection.execute(f"DELETE FROM {table}")
    connection.execute("COMMIT")
