"""Tables of a DuckDB file: made on the first start, widened when Loopline learns a column, refused when newer."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import duckdb

from loopline.store.engine import StoreError
from loopline.store.library import TABLES
from loopline.store.schema import SCHEMA_VERSION, Column, Kind, Table
from loopline.store.touches import COLUMNS, DUCKDB_NUMBER, NUMBERS, TOUCHES, touches_of

TYPES: dict[Kind, str] = {
    Kind.TEXT: "VARCHAR",
    Kind.INT: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.BOOL: "BOOLEAN",
    Kind.TIME: "TIMESTAMPTZ",
    Kind.DATE: "DATE",
}
NUMBER = "UBIGINT"
TOKENS_KEPT = timedelta(days=60)
NUMBERS_TRIED = 100
AT_ONCE = 4_000_000
"""So many rows of a store of before get their numbers in one step."""

BOOKS = """
CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL, recorded_at TIMESTAMPTZ NOT NULL);
CREATE TABLE IF NOT EXISTS cursors (name VARCHAR NOT NULL, position BIGINT NOT NULL, recorded_at TIMESTAMPTZ NOT NULL);
CREATE TABLE IF NOT EXISTS batches (token VARCHAR NOT NULL, recorded_at TIMESTAMPTZ NOT NULL);
"""


def migrate(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Bring the file to the tables of this Loopline. Raises StoreError when the file is newer.

    All or nothing, and then the numbers of rows of before, in steps: killed between two, the next start goes on there.
    """
    with _all_or_nothing(connection):
        connection.execute(BOOKS)
        _refuse_newer(connection)
        for table in TABLES.values():
            _make_or_widen(connection, table)
        _gather_touches(connection)
        connection.execute(
            "INSERT INTO schema_version SELECT $version, $now "
            "WHERE $version > (SELECT coalesce(max(version), 0) FROM schema_version)",
            {"version": SCHEMA_VERSION, "now": now},
        )
        _thin_books(connection, now)
    for table in TABLES.values():
        _number_rows(connection, table)


@contextmanager
def _all_or_nothing(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("BEGIN TRANSACTION")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _refuse_newer(connection: duckdb.DuckDBPyConnection) -> None:
    [(version,)] = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchall()
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The event store was written by a newer Loopline (schema {version}, this one knows {SCHEMA_VERSION}). "
            "Install that version again, or restore a backup made before the upgrade."
        )


def _make_or_widen(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    said = [f"{column.name} {_column_type(column)}" for column in table.columns]
    columns = ", ".join([*said, *(f"{number.name} {NUMBER}" for number in table.numbers)])
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table.key} ({columns})")
    found = _columns_of(connection, table.key)
    if unknown := set(found) - table.names:
        raise StoreError(
            f"{table.key} has columns this Loopline does not know ({', '.join(sorted(unknown))}): it was written by "
            "a newer one. Install that version again."
        )
    for column in table.columns:
        if column.name not in found:
            _add_column(connection, table, column)
    _make_numbers(connection, table, found)


def _make_numbers(connection: duckdb.DuckDBPyConnection, table: Table, found: Collection[str]) -> None:
    """The columns, still empty, where they are missing or another DuckDB made them."""
    for number in table.numbers:
        if number.name in found and not _are_own(connection, table.key, number.name, number.of):
            connection.execute(f"ALTER TABLE {table.key} DROP COLUMN {number.name}")
            found = {*found} - {number.name}
        if number.name not in found:
            connection.execute(f"ALTER TABLE {table.key} ADD COLUMN {number.name} {NUMBER}")


def numbers_of(table: Table) -> str:
    """SQL text beside the columns of rows that arrive: their numbers."""
    return "".join(f", {DUCKDB_NUMBER}({number.of}) AS {number.name}" for number in table.numbers)


def _number_rows(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """From the last row to the first, so that the first one tells whether all have their numbers."""
    sets = ", ".join(f"{number.name} = {DUCKDB_NUMBER}({number.of})" for number in table.numbers)
    while not _has_numbers(connection, table):
        [(last,)] = connection.execute(f"SELECT max(rowid) FROM {table.key} WHERE {_lacks(table)}").fetchall()
        connection.execute(f"UPDATE {table.key} SET {sets} WHERE rowid > {last - AT_ONCE} AND rowid <= {last}")
        connection.execute("CHECKPOINT")


def _has_numbers(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether every row has them, by the first one."""
    if not table.numbers:
        return True
    first = f"SELECT * FROM {table.key} LIMIT 1"
    [(lacking,)] = connection.execute(f"SELECT count(*) FROM ({first}) AS first WHERE {_lacks(table)}").fetchall()
    return int(lacking) == 0


def _lacks(table: Table) -> str:
    return "(" + " OR ".join(f"{number.name} IS NULL" for number in table.numbers) + ")"


def is_whole(connection: duckdb.DuckDBPyConnection) -> bool:
    """Nothing has to be made anew from the events: neither the touchpoints nor their own numbers."""
    events = TABLES["events"]
    return (
        has_touches(connection)
        and {number.name for number in events.numbers} <= {*_columns_of(connection, events.key)}
        and all(_are_own(connection, events.key, number.name, number.of) for number in events.numbers)
        and _has_numbers(connection, events)
    )


def _columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[str, ...]:
    sql = (
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = $table "
        "ORDER BY column_index"
    )
    return tuple(name for (name,) in connection.execute(sql, {"table": table}).fetchall())


def has_touches(connection: duckdb.DuckDBPyConnection) -> bool:
    """With the columns of this Loopline, and the numbers of this DuckDB."""
    has_columns = _columns_of(connection, TOUCHES) == (*COLUMNS, *NUMBERS)
    return has_columns and _are_own(connection, TOUCHES, "identity_no", "identity")


def _are_own(connection: duckdb.DuckDBPyConnection, table: str, number: str, text: str) -> bool:
    """Another DuckDB may make another number of a text: then those of a question would meet none of these."""
    tried = f"SELECT {number}, {text} FROM {table} WHERE {number} IS NOT NULL LIMIT {NUMBERS_TRIED}"
    [(is_own,)] = connection.execute(
        f"SELECT coalesce(bool_and({number} = {DUCKDB_NUMBER}({text})), true) FROM ({tried}) AS tried"
    ).fetchall()
    return bool(is_own)


def _gather_touches(connection: duckdb.DuckDBPyConnection) -> None:
    """Of a store that has none yet, or has other columns or numbers of them: all from its events."""
    if not has_touches(connection):
        connection.execute(f"CREATE OR REPLACE TABLE {TOUCHES} AS {touches_of('events')}")


def _add_column(connection: duckdb.DuckDBPyConnection, table: Table, column: Column) -> None:
    """Old rows get "" or NULL: what nobody said. A required value of another type cannot be made up for them."""
    if column.kind is not Kind.TEXT and not column.nullable:
        raise StoreError(f"{table.key}.{column.name} was added as a required {column.kind}; make it nullable")
    default = " DEFAULT ''" if column.kind is Kind.TEXT else ""
    connection.execute(f"ALTER TABLE {table.key} ADD COLUMN {column.name} {TYPES[column.kind]}{default}")


def _column_type(column: Column) -> str:
    return TYPES[column.kind] + ("" if column.nullable else " NOT NULL")


def _thin_books(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Drop cursor positions long passed and tokens too old to be repeated, so that looking them up stays quick."""
    connection.execute(
        "DELETE FROM cursors AS old "
        "WHERE position < (SELECT max(position) FROM cursors AS newer WHERE newer.name = old.name)"
    )
    connection.execute(
        "DELETE FROM batches WHERE recorded_at < least($oldest, (SELECT max(recorded_at) FROM batches))",
        {"oldest": now - TOKENS_KEPT},
    )
