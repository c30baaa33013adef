"""Tables of a DuckDB file: made on the first start, widened when Loopline learns a column, refused when newer."""

from datetime import datetime, timedelta

import duckdb

from loopline.store.engine import StoreError
from loopline.store.library import TABLES
from loopline.store.schema import SCHEMA_VERSION, Column, Kind, Table
from loopline.store.touches import COLUMNS, NUMBERS, TOUCHES, touches_of

TYPES: dict[Kind, str] = {
    Kind.TEXT: "VARCHAR",
    Kind.INT: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.BOOL: "BOOLEAN",
    Kind.TIME: "TIMESTAMPTZ",
    Kind.DATE: "DATE",
}
TOKENS_KEPT = timedelta(days=60)
NUMBERS_TRIED = 100

BOOKS = """
CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL, recorded_at TIMESTAMPTZ NOT NULL);
CREATE TABLE IF NOT EXISTS cursors (name VARCHAR NOT NULL, position BIGINT NOT NULL, recorded_at TIMESTAMPTZ NOT NULL);
CREATE TABLE IF NOT EXISTS batches (token VARCHAR NOT NULL, recorded_at TIMESTAMPTZ NOT NULL);
"""


def migrate(connection: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Bring the file to the tables of this Loopline, all or nothing. Raises StoreError when the file is newer."""
    connection.execute("BEGIN TRANSACTION")
    try:
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
    columns = ", ".join(f"{column.name} {_column_type(column)}" for column in table.columns)
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table.key} ({columns})")
    found = _columns_of(connection, table.key)
    if unknown := set(found) - {column.name for column in table.columns}:
        raise StoreError(
            f"{table.key} has columns this Loopline does not know ({', '.join(sorted(unknown))}): it was written by "
            "a newer one. Install that version again."
        )
    for column in table.columns:
        if column.name not in found:
            _add_column(connection, table, column)


def _columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[str, ...]:
    sql = (
        "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = $table "
        "ORDER BY column_index"
    )
    return tuple(name for (name,) in connection.execute(sql, {"table": table}).fetchall())


def has_touches(connection: duckdb.DuckDBPyConnection) -> bool:
    """With the columns of this Loopline, and the numbers of this DuckDB."""
    return _columns_of(connection, TOUCHES) == (*COLUMNS, *NUMBERS) and _has_own_numbers(connection)


def _has_own_numbers(connection: duckdb.DuckDBPyConnection) -> bool:
    """Another DuckDB may make another number of a text: then those of a question would meet none of these."""
    [(is_own,)] = connection.execute(
        f"SELECT coalesce(bool_and(identity_no = hash(identity)), true) "
        f"FROM (SELECT identity_no, identity FROM {TOUCHES} LIMIT {NUMBERS_TRIED})"
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
