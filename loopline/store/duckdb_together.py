"""Questions asked one after the other, as for one page: what they have in common is computed once.

A part of a question that others have, too, becomes a temporary table of the connection that asks them all. It is
DuckDB's own, so it counts into its memory, and it is gone with the connection, at the end of the page.
"""

from collections.abc import Callable, Mapping

import duckdb

from loopline.store.engine import Common, Value
from loopline.store.params import wanted

Params = Mapping[str, Value]


class Together:
    """One connection's questions. `common` tells the parts of a question, `erasures` how many there have been."""

    def __init__(self, reader: duckdb.DuckDBPyConnection, common: Common, erasures: Callable[[], int]) -> None:
        self.reader = reader
        self._common, self._erasures = common, erasures
        self._known_before = erasures()
        self._tables: dict[tuple[str, Value], str] = {}
        self._made = 0

    def shortened(self, sql: str, params: Params) -> str:
        """The question, reading tables in place of the parts that it has in common with others; these are made in the
        transaction that is open where they are not there yet. None is read that was made before an erasure."""
        if (now := self._erasures()) != self._known_before:
            self.forget()
            self._known_before = now
        for text, whole in self._common(sql):
            sql = sql.replace(text, f"SELECT * FROM {self._table(whole, params)}")
        return sql

    def forget(self) -> None:
        """Read none of the tables again: their transaction was undone, or somebody was erased."""
        self._tables.clear()

    def _table(self, whole: str, params: Params) -> str:
        key = whole, params["as_of"]
        if key not in self._tables:
            self._made += 1
            name = f"common_{self._made}"
            [statement] = self.reader.extract_statements(whole)
            self.reader.execute(f"CREATE TEMP TABLE {name} AS {whole}", wanted(params, statement.named_parameters))
            self._tables[key] = name
        return self._tables[key]
