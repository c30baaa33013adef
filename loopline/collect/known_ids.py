"""The ids of stored events, one row per source and messageId, kept as long as the events are.

Digests are random, so in one large table every id lies on a page of its own: 20,000 ids changed 20,000 pages, and
remembering them came to cost more than all steps together. Therefore new ids gather in a small table, and each
commit moves one slice of its range of digests to the large one: many rows to a page, in order. The cost of an id
stays nearly the same however many there are.
"""

import json
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from pysqlite3 import dbapi2 as sqlite

SCHEMA = """
CREATE TABLE IF NOT EXISTS new_ids (
    high INTEGER PRIMARY KEY, low INTEGER NOT NULL, seq INTEGER NOT NULL, content INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS old_ids (
    high INTEGER PRIMARY KEY, low INTEGER NOT NULL, seq INTEGER NOT NULL, content INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS id_sweep (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), next_slice INTEGER NOT NULL, new_rows INTEGER NOT NULL
);
INSERT OR IGNORE INTO id_sweep VALUES (1, 0, 0);
"""
ANY_CONTENT = 0
"""Stands for content that was not looked at: anything under this id is the same event."""
_MAX_NEW = 300_000
_SLICES = 64
_SLICE = (1 << 64) // _SLICES
_FIND = """
SELECT high, low, seq, content FROM json_each(?1) JOIN new_ids ON high = json_each.value
UNION ALL
SELECT high, low, seq, content FROM json_each(?1) JOIN old_ids ON high = json_each.value
"""

Run = Callable[..., Any]


class KnownId(NamedTuple):
    """An event that is stored: the digest of its id in two halves, its number, the digest of what it says."""

    high: int
    low: int
    seq: int
    content: int

    def is_repeated_by(self, content: int) -> bool:
        return ANY_CONTENT in (self.content, content) or self.content == content


_high = attrgetter("high")


def find_ids(select: Callable[..., Sequence[tuple[int, int, int, int]]], highs: Sequence[int]) -> dict[int, KnownId]:
    """high → what is known under it, for those that are."""
    return {row[0]: KnownId(*row) for row in select(_FIND, json.dumps(sorted(highs)))}


def add_ids(connection: sqlite.Connection, ids: Sequence[KnownId]) -> None:
    """Part of a commit: remember these ids; one that is known stays as it was."""
    if not ids:
        return
    # In the order of the keys, so that each page of the tree is touched once.
    in_order = sorted(ids, key=_high)
    insert = connection.executemany("INSERT OR IGNORE INTO new_ids VALUES (?, ?, ?, ?)", in_order)
    next_slice, new_rows = connection.execute("SELECT next_slice, new_rows FROM id_sweep").fetchone()
    new_rows += insert.rowcount
    if new_rows > _MAX_NEW:
        new_rows -= _move_slice(connection.execute, next_slice)
        next_slice = (next_slice + 1) % _SLICES
    connection.execute("UPDATE id_sweep SET next_slice = ?, new_rows = ?", (next_slice, new_rows))


def forget_ids_after(run: Run, seq: int) -> None:
    """Part of a commit: forget the ids of events behind `seq`. Looks at all rows; for what is rare."""
    run("DELETE FROM old_ids WHERE seq > ?", (seq,))
    run("DELETE FROM new_ids WHERE seq > ?", (seq,))
    run("UPDATE id_sweep SET new_rows = (SELECT count(*) FROM new_ids)")


def take_over_ids(run: Run) -> None:
    """Part of a commit: the ids as they were kept before there was a digest of what an event says."""
    run("INSERT OR IGNORE INTO old_ids SELECT high, low, seq, ? FROM seen ORDER BY high", (ANY_CONTENT,))
    run("DROP TABLE seen")


def _move_slice(run: Run, number: int) -> int:
    """Move the new ids in one slice of the range of digests to the large table; how many that were."""
    first = number * _SLICE - (1 << 63)
    bounds = (first, first + _SLICE - 1)
    run("INSERT OR IGNORE INTO old_ids SELECT * FROM new_ids WHERE high BETWEEN ? AND ? ORDER BY high", bounds)
    moved: int = run("DELETE FROM new_ids WHERE high BETWEEN ? AND ?", bounds).rowcount
    return moved
