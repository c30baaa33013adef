"""The event store in between two moments: facts of some causes as known at the later one, all others as at the earlier.

Reports are asked as they are. What differs is which rows their questions find: every reading of a table becomes one
of the rows of it that were known at the moment of its cause. So no report needs code of its own to be compared.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from loopline.reports.change.causes import CAUSES
from loopline.store.engine import Engine, Value
from loopline.store.library import TABLES
from loopline.store.only_read import OnlyRead
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


class PartlyKnown(OnlyRead):
    """Answers questions of reports out of `engine`, as if of the facts recorded after `since` only those of the causes
    `let_in` had arrived by `until`. One object is one state of the books: nothing kept of one is taken for another."""

    def __init__(
        self, engine: Engine, since: datetime, until: datetime, refunded: Sequence[str], let_in: Collection[str] = ()
    ) -> None:
        super().__init__(engine)
        self.read: set[str] = set()
        """Tables that were asked for so far."""
        self._until = until
        self._values: dict[str, Value] = {
            "as_of": until,
            "refunded": refunded,
            **{f"as_of_{cause.key}": until if cause.key in let_in else since for cause in CAUSES},
        }

    def asked(self, sql: str, params: Mapping[str, Value]) -> tuple[str, dict[str, Value]]:
        self.read |= tables_read(sql)
        return partly(sql), {**params, **self._values}

    def horizon(self) -> datetime:
        return self._until
