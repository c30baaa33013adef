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
        self._kept: OrderedDict[str, duckdb.Statement] = OrderedDict()

    def of(self, reader: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
        """Raises StoreError as `one_select` does."""
        with self._lock:
            if (known := self._kept.get(sql)) is not None:
                self._kept.move_to_end(sql)
                return known
        found = one_select(reader, sql)
        with self._lock:
            self._kept[sql] = found
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found


def one_select(reader: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """The statement in `sql`, if it is one and only reads; StoreError if not. A writing WITH is stopped by the
    read-only transaction."""
    statements = reader.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise StoreError(f"Only one SELECT is answered here, not: {sql.strip()[:200]}")
    return statements[0]
