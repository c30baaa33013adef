"""Answers of the event store that hold from one state of the books to the next."""

import re
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache

import pyarrow as pa

from loopline.store.arrow import to_rows
from loopline.store.engine import Engine, Row, Value
from loopline.store.only_read import OnlyRead

MOST_BYTES = 32 * 2**20
"""Larger answers, such as the paths of all strangers, are asked for again: they would stand twice in memory."""
_NAME = re.compile(r"\$(\w+)")


class KnownAnswers(OnlyRead):
    """Where nothing moved that a question reads, it names the same moments as in the state before, and is not asked
    again: booked costs change no credit, so only the question of the costs goes to the store."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._before: dict[Hashable, pa.Table] = {}
        self._now: dict[Hashable, pa.Table] = {}

    def next_state(self) -> None:
        """What the last state neither asked nor found here is forgotten."""
        self._before, self._now = self._now, {}

    def query(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> pa.Table:
        values = params or {}
        key = sql, tuple(_hashable(values.get(name)) for name in _names(sql))
        found = self._now.get(key, self._before.get(key))
        if found is None:
            found = self._engine.query(sql, values, timeout_s=timeout_s)
        if found.nbytes <= MOST_BYTES:
            self._now[key] = found
        return found

    def rows(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> list[Row]:
        return to_rows(self.query(sql, params, timeout_s=timeout_s))


@lru_cache(maxsize=512)
def _names(sql: str) -> tuple[str, ...]:
    return tuple(sorted(set(_NAME.findall(sql))))


def _hashable(value: Value) -> Hashable:
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
