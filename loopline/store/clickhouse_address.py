"""Where a ClickHouse is: a server over HTTP, or chDB (ClickHouse's engine inside this process) for tests."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from loopline.store.engine import StoreError

SQL_SETTINGS: dict[str, Any] = {
    "aggregate_functions_null_for_empty": 1,  # sum, min, max of nothing are NULL, as in DuckDB, not 0
    "join_use_nulls": 1,  # an outer join without a match gives NULL, not 0 or ""
    "prefer_column_name_to_alias": 1,  # `max(a) AS a … WHERE a > 1` means the column
    "session_timezone": "UTC",
    "enable_extended_results_for_datetime_functions": 1,  # days before 1970
    "cast_keep_nullable": 1,
    "union_default_mode": "DISTINCT",
}


@dataclass(frozen=True, slots=True)
class Address:
    """`clickhouse://user:password@host:8123/database` (`clickhouses://` for TLS), `chdb:///folder?database=name`."""

    connection: dict[str, Any]
    database: str

    @property
    def is_chdb(self) -> bool:
        return self.connection.get("interface") == "chdb"

    def client(self, settings: dict[str, Any], database: str | None = None) -> Client:
        """A connection with the given settings. Raises StoreError when there is none to be had."""
        try:
            return clickhouse_connect.get_client(
                **self.connection, database=database, settings={**SQL_SETTINGS, **settings}
            )
        except (ClickHouseError, ImportError, OSError) as error:
            raise StoreError(f"ClickHouse cannot be reached: {error}. Check EVENTS_URL and the server.") from error


def read_address(url: str) -> Address:
    """The parts of `EVENTS_URL`. Raises StoreError for a database name that is not a plain word."""
    parts = urlsplit(url)
    if parts.scheme == "chdb":
        database = parse_qs(parts.query).get("database", ["loopline"])[0]
        connection: dict[str, Any] = {"interface": "chdb", "path": parts.path.removeprefix("/") or None}
    else:
        database = unquote(parts.path.strip("/")) or "loopline"
        connection = {
            "interface": "https" if parts.scheme == "clickhouses" else "http",
            "host": parts.hostname or "localhost",
            "port": parts.port,
            "username": unquote(parts.username or "default"),
            "password": unquote(parts.password or ""),
            "autogenerate_session_id": False,  # a session answers one question at a time; reads run side by side
            "form_encode_query_params": True,  # lists of ids outgrow an address
        }
    if not re.fullmatch(r"[A-Za-z_]\w*", database):
        raise StoreError(f"EVENTS_URL names the database “{database}”; use letters, digits and _")
    return Address(connection, database)
