"""Questions as DuckDB takes them apart, kept by their text: of a long one that takes as long as to plan it, and most
are asked again and again with other values."""

import threading
from collections import OrderedDict

import duckdb

from loopline.store.engine import StoreError

MOST_KEPT = 256


class Statements:
    """The latest of them. A statement holds no values, and each connection and thread may execute it at any time."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[duckdb.StatementType, str], duckdb.Statement] = OrderedDict()

    def of(self, reader: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
        """A question. Raises StoreError where it is more than one, or does more than read. A writing WITH is stopped by
        the read-only transaction."""
        return self._one(reader, sql, duckdb.StatementType.SELECT)

    def making(self, reader: duckdb.DuckDBPyConnection, table: str, question: str) -> duckdb.Statement:
        """The answer of a question as a table."""
        return self._one(reader, f"CREATE OR REPLACE TABLE {table} AS {question}", duckdb.StatementType.CREATE)

    def _one(self, reader: duckdb.DuckDBPyConnection, sql: str, kind: duckdb.StatementType) -> duckdb.Statement:
        key = kind, sql
        with self._lock:
            if (known := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return known
        found = reader.extract_statements(sql)
        if len(found) != 1 or found[0].type != kind:
            raise StoreError(f"Only one {kind.name} is answered here, not: {sql.strip()[:200]}")
        with self._lock:
            self._kept[key] = found[0]
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found[0]
