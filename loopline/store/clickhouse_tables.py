"""Tables of a ClickHouse database: made on the first start, widened when Loopline learns a column."""

from clickhouse_connect.driver.client import Client

from loopline.store.clickhouse_words import MOMENT
from loopline.store.engine import StoreError
from loopline.store.library import TABLES
from loopline.store.schema import SCHEMA_VERSION, Column, Kind, Number, Table
from loopline.store.touches import CLICKHOUSE_NUMBER, TOUCHES, touches_of

TYPES: dict[Kind, str] = {
    Kind.TEXT: "String",
    Kind.INT: "Int64",
    Kind.FLOAT: "Float64",
    Kind.BOOL: "Bool",
    Kind.TIME: MOMENT,
    Kind.DATE: "Date32",
}
BLOCKS_REMEMBERED = 10_000
"""So many last blocks of a table are recognised when they are sent again."""

FORGETTING = "written_at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY {} TTL written_at + INTERVAL 60 DAY"
BOOKS = (
    "schema_version (version Int64) ENGINE = MergeTree ORDER BY version",
    f"cursors (name String, position Int64, recorded_at {MOMENT}) ENGINE = MergeTree ORDER BY name",
    f"batches (token String, recorded_at {MOMENT}, {FORGETTING.format('token')}",
    "erasures (erased_at DateTime) ENGINE = MergeTree ORDER BY erased_at",
    f"begun (token String, follows {MOMENT}, begun_at {MOMENT}, {FORGETTING.format('begun_at')}",
)


NEWLY_STORED = "newly_stored recorded_at TYPE minmax GRANULARITY 4"
"""Rows are sorted by when they happened; with it, who asks for the newly stored ones need not read all of them."""


def migrate(client: Client, database: str) -> None:
    """Bring the database to the tables of this Loopline. Raises StoreError when it is from a newer one."""
    for book in BOOKS:
        client.command(f"CREATE TABLE IF NOT EXISTS {database}.{book}")
    version = client.query(f"SELECT max(version) FROM {database}.schema_version").result_rows[0][0] or 0
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The event store was written by a newer Loopline (schema {version}, this one knows {SCHEMA_VERSION}). "
            "Install that version again."
        )
    for table in TABLES.values():
        _make_or_widen(client, database, table)
    _add_missing_indexes(client, database)
    made = [number.name for number in TABLES["events"].numbers]
    touchpoints = touches_of(f"{database}.events", CLICKHOUSE_NUMBER, made)
    client.command(f"CREATE OR REPLACE VIEW {database}.{TOUCHES} AS {touchpoints}")
    if version < SCHEMA_VERSION:
        client.insert("schema_version", [[SCHEMA_VERSION]], ["version"], database=database)


def _add_missing_indexes(client: Client, database: str) -> None:
    """For tables of before; ClickHouse goes over their rows in the background."""
    found = client.query(
        "SELECT table FROM system.data_skipping_indices WHERE database = {database:String} AND name = 'newly_stored'",
        parameters={"database": database},
    ).result_rows
    for key in TABLES.keys() - {table for (table,) in found}:
        client.command(f"ALTER TABLE {database}.{key} ADD INDEX IF NOT EXISTS {NEWLY_STORED}")
        client.command(f"ALTER TABLE {database}.{key} MATERIALIZE INDEX newly_stored")


def _make_or_widen(client: Client, database: str, table: Table) -> None:
    said = [f"{column.name} {column_type(column)}" for column in table.columns]
    columns = ", ".join([*said, *(f"{number.name} {_number_type(number)}" for number in table.numbers)])
    client.command(
        f"CREATE TABLE IF NOT EXISTS {database}.{table.key} ({columns}, INDEX {NEWLY_STORED}) ENGINE = MergeTree "
        f"ORDER BY ({', '.join(table.order_by)}) SETTINGS non_replicated_deduplication_window = {BLOCKS_REMEMBERED}"
    )
    found = {
        str(name)
        for (name,) in client.query(
            "SELECT name FROM system.columns WHERE database = {database:String} AND table = {table:String}",
            parameters={"database": database, "table": table.key},
        ).result_rows
    }
    if unknown := found - table.names:
        raise StoreError(
            f"{table.key} has columns this Loopline does not know ({', '.join(sorted(unknown))}): it was written by "
            "a newer one. Install that version again."
        )
    for column in table.columns:
        if column.name not in found:
            _add_column(client, database, table, column)
    for number in table.numbers:
        if number.name not in found:
            _add_number(client, database, table, number)


def _add_column(client: Client, database: str, table: Table, column: Column) -> None:
    """Old rows get "" or NULL: what nobody said. A required value of another type cannot be made up for them."""
    if column.kind is not Kind.TEXT and not column.nullable:
        raise StoreError(f"{table.key}.{column.name} was added as a required {column.kind}; make it nullable")
    client.command(f"ALTER TABLE {database}.{table.key} ADD COLUMN {column.name} {column_type(column)}")


def _add_number(client: Client, database: str, table: Table, number: Number) -> None:
    """ClickHouse makes it of old rows whenever they are read, until it has written it beside them in the background."""
    client.command(f"ALTER TABLE {database}.{table.key} ADD COLUMN {number.name} {_number_type(number)}")
    client.command(
        f"ALTER TABLE {database}.{table.key} MATERIALIZE COLUMN {number.name}", settings={"mutations_sync": 0}
    )


def _number_type(number: Number) -> str:
    return f"UInt64 DEFAULT {CLICKHOUSE_NUMBER}({number.of})"


def column_type(column: Column) -> str:
    said = TYPES[column.kind]
    if column.nullable:
        return f"Nullable({said})"
    return f"LowCardinality({said})" if column.repeats else said
