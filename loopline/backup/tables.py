"""Records in PostgreSQL as of one moment: a snapshot that every table is read from, each into a file of its own.

The files hold PostgreSQL's own text form (`COPY`), which any version of it reads, so its programs are not needed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from django.db import DatabaseError, connection, transaction
from psycopg import sql

from loopline.backup import BackupError
from loopline.backup.manifest import Records

RECORDS_FOLDER = "records"
_PIECE = 1 << 20
_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables
USING (table_schema, table_name)
WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND is_generated = 'NEVER'
ORDER BY table_name, ordinal_position
"""
_COUNTERS = """
SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() AND last_value IS NOT NULL
"""
"""Not of the snapshot, but of now: what was given out since is not given out again."""


class TablesCut:
    """All tables as they are now, whatever others commit from here on. Raises psycopg.Error."""

    name = RECORDS_FOLDER

    def __init__(self) -> None:
        self._connection: psycopg.Connection[Any] = connection.get_new_connection(connection.get_connection_params())
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True
        self._columns: dict[str, list[str]] = {}
        for table, column in self.select(_COLUMNS):  # the first question begins the snapshot
            self._columns.setdefault(table, []).append(column)

    def select(self, statement: str) -> list[tuple[Any, ...]]:
        return list(self._connection.execute(statement.encode()).fetchall())

    def copy_to(self, target: Path) -> None:
        target.mkdir(mode=0o700)
        for table, columns in self._columns.items():
            with (
                (target / table).open("wb") as file,
                self._connection.cursor().copy(_copy(table, columns, "TO STDOUT")) as rows,
            ):
                for piece in rows:
                    file.write(piece)

    def records(self) -> Records:
        counters = {name: int(value) for name, value in self.select(_COUNTERS)}
        applied = [name for (name,) in self.select("SELECT app || '.' || name FROM django_migrations ORDER BY 1")]
        return Records("postgresql", applied, self._columns, counters)

    def close(self) -> None:
        self._connection.close()


def refuse_filled_database() -> None:
    """Raises BackupError where the database of DATABASE_URL cannot be reached, or holds something."""
    try:
        tables = connection.introspection.table_names()
    except DatabaseError as error:
        raise BackupError(f"the database of DATABASE_URL cannot be reached: {error}. Check DATABASE_URL.") from error
    if tables:
        raise BackupError(
            f"the database of DATABASE_URL holds {len(tables):,} tables already, and restoring writes over nothing. "
            "Name an empty one."
        )


def put_back_tables(folder: Path, records: Records, make_tables: Callable[[Sequence[str]], None]) -> None:
    """All or nothing, in one transaction. `make_tables` makes them as they were when these changes were applied.

    Raises BackupError and psycopg.Error.
    """
    with transaction.atomic():
        make_tables(records.migrations)
        if wrong := records.columns.keys() ^ set(connection.introspection.table_names()):
            raise BackupError(f"the backup and this Loopline do not have the same tables: {', '.join(sorted(wrong))}.")
        with connection.cursor() as cursor:
            run: Callable[..., Any] = cursor.connection.execute
            run("SET CONSTRAINTS ALL IMMEDIATE")  # of what was filled in by making them, or it could not go again
            run(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.Identifier, records.columns))))
            run("SET CONSTRAINTS ALL DEFERRED")
            for table, columns in records.columns.items():
                _fill(cursor.connection, folder / RECORDS_FOLDER / table, _copy(table, columns, "FROM STDIN"))
            for name, value in records.counters.items():
                run(sql.SQL("SELECT setval({}, {})").format(sql.Literal(sql.Identifier(name).as_string()), value))


def _fill(database: "psycopg.Connection[Any]", path: Path, statement: sql.Composed) -> None:
    with path.open("rb") as file, database.cursor().copy(statement) as rows:
        while piece := file.read(_PIECE):
            rows.write(piece)


def _copy(table: str, columns: Sequence[str], where: str) -> sql.Composed:
    named = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) {}").format(sql.Identifier(table), named, sql.SQL(where))
