"""Several statements on one SQLite file, all or none."""

from collections.abc import Callable
from typing import Any

from pysqlite3 import dbapi2 as sqlite


class transaction:  # noqa: N801 - reads as a statement
    """All or nothing; the write lock is taken at once."""

    def __init__(self, connection: sqlite.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Any:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection.execute

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def take_over(connection: sqlite.Connection, table: str, how: Callable[[Callable[..., Any]], None]) -> None:
    """Run `how` once, in a file that still has a table of an older Loopline; it drops the table."""
    find = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
    if connection.execute(find, (table,)).fetchone():
        with transaction(connection) as run:
            if run(find, (table,)).fetchone():  # else another process was faster
                how(run)
