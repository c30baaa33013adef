"""The event store in between two moments: facts of some causes as known at the later one, all others as at the earlier.

Reports are asked as they are. What differs is which rows their questions find: every reading of a table becomes one
of the rows of it that were known at the moment of its cause. So no report needs code of its own to be compared.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import pyarrow as pa

from loopline.reports.causes import CAUSES
from loopline.store.engine import Batch, Engine, Row, StoreError, Value
from loopline.store.kept import KeptTables
from loopline.store.library import TABLES
from loopline.store.touches import TOUCHES

_NAMES = "|".join((TOUCHES, *TABLES))
_READING = re.compile(rf"\b(FROM|JOIN)\s+({_NAMES})\b(?:\s+AS\s+(\w+))?")


def _moment_of(table: str) -> str:
    """SQL over the columns of the table: up to which moment a row counts."""
    causes = [cause for cause in CAUSES if cause.table == table]
    *special, last = causes
    lines = [
        f"WHEN {'id IN (SELECT unnest($refunded))' if one.is_refund else one.which} THEN $as_of_{one.key}"
        for one in special
    ]
    return f"(CASE {' '.join(lines)} ELSE $as_of_{last.key} END)" if lines else f"$as_of_{last.key}"


_KNOWN = {table: f"recorded_at <= {_moment_of(table)}" for table in TABLES}
_KNOWN[TOUCHES] = "recorded_at <= $as_of_touchpoints"


def tables_read(sql: str) -> frozenset[str]:
    """The tables of the event store that a question reads, among them the narrow one of touchpoints."""
    return frozenset(found[2] for found in _READING.finditer(sql))


@lru_cache(maxsize=512)
def partly(sql: str) -> str:
    """The same question of what is known by `$as_of_<cause>` of each cause, and `$refunded`."""

    def known(found: re.Match[str]) -> str:
        return f"{found[1]} (SELECT * FROM {found[2]} WHERE {_KNOWN[found[2]]}) AS {found[3] or found[2]}"

    return _READING.sub(known, sql)


class PartlyKnown:
    """Answers questions of reports out of `engine`, as if of the facts recorded after `since` only those of the causes
    `let_in` had arrived by `until`. One object is one state of the books: nothing kept of one is taken for another."""

    def __init__(
        self, engine: Engine, since: datetime, until: datetime, refunded: Sequence[str], let_in: Collection[str] = ()
    ) -> None:
        self.kept: KeptTables = engine.kept
        self.read: set[str] = set()
        """Tables that were asked for so far."""
        self._engine, self._until = engine, until
        self._values: dict[str, Value] = {
            "as_of": until,
            "refunded": refunded,
            **{f"as_of_{cause.key}": until if cause.key in let_in else since for cause in CAUSES},
        }

    def query(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> pa.Table:
        return self._engine.query(*self._asked(sql, params), timeout_s=timeout_s)

    def rows(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> list[Row]:
        return self._engine.rows(*self._asked(sql, params), timeout_s=timeout_s)

    def _asked(self, sql: str, params: Mapping[str, Value] | None) -> tuple[str, dict[str, Value]]:
        self.read |= tables_read(sql)
        return partly(sql), {**(params or {}), **self._values}

    @property
    def is_dead(self) -> bool:
        return self._engine.is_dead

    def horizon(self) -> datetime:
        return self._until

    def erasures(self) -> int:
        return self._engine.erasures()

    def cursor(self, name: str) -> int:
        return self._engine.cursor(name)

    def write(self, batch: Batch) -> datetime:
        raise _only_read(f"the batch {batch.token}")

    def erase(self, table: str, column: str, values: Sequence[str], *, within: Mapping[str, str] | None = None) -> int:
        raise _only_read(f"an erasure of {len(values)} {column} of {table}{' within others' if within else ''}")

    def blank(self, table: str, column: str, values: Sequence[str], put: Mapping[str, str]) -> int:
        raise _only_read(f"{', '.join(put)} of {len(values)} {column} of {table}")

    def migrate(self) -> None:
        raise _only_read("new tables")

    def compact(self) -> None:
        raise _only_read("compact files")

    def close(self) -> None:
        """The engine behind it stays open: it is not its own."""


def _only_read(what: str) -> StoreError:
    return StoreError(f"A state of the books in between two moments is only read, so it cannot take {what}.")
