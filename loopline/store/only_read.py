"""An engine in front of the event store that only answers. What it changes about a question, a subclass says."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

import pyarrow as pa

from loopline.store.engine import Batch, Common, Engine, Row, StoreError, Value
from loopline.store.kept import KeptTables


class OnlyRead:
    """Passes questions on to `engine`, as `asked` gives them; refuses all that writes."""

    def __init__(self, engine: Engine) -> None:
        self.kept: KeptTables = engine.kept
        self._engine = engine

    def asked(self, sql: str, params: Mapping[str, Value]) -> tuple[str, Mapping[str, Value]]:
        """What the engine is asked in place of this question."""
        return sql, params

    def query(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> pa.Table:
        return self._engine.query(*self.asked(sql, params or {}), timeout_s=timeout_s)

    def rows(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> list[Row]:
        return self._engine.rows(*self.asked(sql, params or {}), timeout_s=timeout_s)

    def together(self, common: Common) -> AbstractContextManager[None]:
        return self._engine.together(common)

    def at_once(self, works: Sequence[Callable[[], None]]) -> None:
        self._engine.at_once(works)

    @property
    def is_dead(self) -> bool:
        return self._engine.is_dead

    def horizon(self) -> datetime:
        return self._engine.horizon()

    def erasures(self) -> int:
        return self._engine.erasures()

    def cursor(self, name: str) -> int:
        return self._engine.cursor(name)

    def write(self, batch: Batch) -> datetime:
        raise _refused(f"the batch {batch.token}")

    def erase(self, table: str, column: str, values: Sequence[str], *, within: Mapping[str, str] | None = None) -> int:
        raise _refused(f"an erasure of {len(values)} {column} of {table}{' within others' if within else ''}")

    def blank(self, table: str, column: str, values: Sequence[str], put: Mapping[str, str]) -> int:
        raise _refused(f"{', '.join(put)} of {len(values)} {column} of {table}")

    def migrate(self) -> None:
        raise _refused("new tables")

    def compact(self) -> None:
        raise _refused("compact files")

    def held(self) -> AbstractContextManager[object]:
        return self._engine.held()

    def close(self) -> None:
        """The engine behind it stays open: it is not its own."""


def _refused(what: str) -> StoreError:
    return StoreError(f"Here the event store is only read, so it cannot take {what}.")
