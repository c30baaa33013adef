"""What the event store can do, whichever engine is behind it.

One SQL text serves both engines (see docs/ARCHITECTURE.md, "SQL for two engines"). Parameters are written
`$name` and are only ever values.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

import pyarrow as pa

from loopline.store.kept import KeptTables

Value = str | int | float | bool | datetime | date | None | Sequence[str]
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Shared:
    """A part of a question that others have, too. It depends on the value `$as_of` alone."""

    text: str
    """The part, as the question says it."""
    kept: str
    """A question whose answer is kept as a table."""
    read: str = "SELECT * FROM {table}"
    """What gives the same rows as `text`, from that table."""


Common = Callable[[str], Iterable[Shared]]
"""The parts that a question shares with others."""


class StoreError(RuntimeError):
    """The event store could not do what it was asked; the message says what happened and what is safe."""


class QueryTimeoutError(StoreError):
    """A read took longer than it was given and was stopped."""


class StoreFullError(StoreError):
    """The disk has no room for the rows; none of the batch was kept."""


@dataclass(slots=True)
class Batch:
    """Rows for some tables and the cursors they move, written all together or not at all.

    Rows are Arrow tables in the schema of `loopline.store.library.TABLES`. Where `recorded_at` is NULL the store
    stamps it; only bulk loaders of history give their own. `token` names the batch: writing the same token again
    changes nothing, so a writer that does not know whether it was stored may repeat it.
    """

    token: str
    rows: dict[str, pa.Table] = field(default_factory=dict)
    cursors: dict[str, int] = field(default_factory=dict)


class Engine(Protocol):
    kept: KeptTables
    """Answers that are kept for a while; `erase` forgets them."""

    @property
    def is_dead(self) -> bool:
        """A fatal error was met: nothing will be answered any more, the process has to end and be started again."""

    def migrate(self) -> None:
        """Create or upgrade the tables. Raises StoreError when the file is from a newer Loopline."""

    def write(self, batch: Batch) -> datetime:
        """Store a batch durably and exactly once; returns the `recorded_at` it was stamped with."""

    def cursor(self, name: str) -> int:
        """Position stored with the last batch that moved this cursor; 0 when there is none."""

    def query(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> pa.Table:
        """Answer of one read-only statement. Raises QueryTimeoutError or StoreError, never an empty answer instead."""

    def rows(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> list[Row]:
        """The same as dictionaries; times come back as aware UTC datetimes."""

    def together(self, common: Common) -> AbstractContextManager[None]:
        """Within it, this thread's questions are answered as ever, and what they have in common may be computed once.
        Within another one it changes nothing."""

    def at_once(self, works: Sequence[Callable[[], None]]) -> None:
        """Do all of these, several at the same time where that is sooner: their questions are those of this thread's
        `together`. Raises what one of them raises; the others may be done then, or not."""

    def horizon(self) -> datetime:
        """The latest `recorded_at` stored (now, when nothing is): a read as of it can be repeated exactly."""

    def erase(self, table: str, column: str, values: Sequence[str], *, within: Mapping[str, str] | None = None) -> int:
        """Delete rows for good (erasure only). Returns how many went. `within`: texts that other columns must hold."""

    def blank(self, table: str, column: str, values: Sequence[str], put: Mapping[str, str]) -> int:
        """Write these texts over columns of rows that are there (erasure only), in every version. How many rows."""

    def compact(self) -> None:
        """Let nothing of what was erased stay in the files. Raises StoreFullError where there is no room for it."""

    def held(self) -> AbstractContextManager[object]:
        """Within it this process writes nothing to the store and changes no file of it; questions are answered."""

    def erasures(self) -> int:
        """How many there were, by whichever process: what was worked out before the last one is to be forgotten."""

    def close(self) -> None: ...
