"""A damaged inbox: found when it is opened (`mending` builds it anew).

Whoever opens the log first looks at what matters: that SQLite can read it, that what the event store may not have yet
reads as it was written, and that it reaches as far as was acknowledged.
"""

import fcntl
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from loopline.collect.checksum import is_whole
from loopline.collect.end_mark import Mark

logger = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS damages (at_us INTEGER PRIMARY KEY, lost INTEGER NOT NULL, words TEXT NOT NULL);
"""
REASON = "damaged"
"""How the books call events that were acknowledged and cannot be read any more."""


@dataclass(frozen=True, slots=True)
class Damage:
    at_us: int
    lost: int
    """Events that were acknowledged, are not in the event store, and cannot be read any more."""
    words: str


class Claim:
    """Says who opened the log in `folder` first, of all processes; the others wait until it has looked."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "inbox.lock", os.O_RDWR | os.O_CREAT, 0o600)
        self.is_first = True
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.is_first = False
            fcntl.flock(self._file, fcntl.LOCK_SH)

    def share(self) -> None:
        """Let others open it, too."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def close(self) -> None:
        os.close(self._file)


def looked_at(
    path: Path, mark: Mark | None, connect: Callable[[Path], sqlite.Connection], prepare: Callable[..., object]
) -> tuple[sqlite.Connection | None, str]:
    """A connection to the log at `path`, where SQLite opens it, and what is wrong with it; empty when nothing is.

    `prepare` sees that it has all its tables. It may only write to a log that reads well: what follows the first
    damaged frame of a write-ahead log would be overwritten.
    """
    if mark is not None and not path.exists():
        # Opened now, SQLite would throw away a write-ahead log that has lost its file.
        return None, "its file is gone"
    connection: sqlite.Connection | None = None
    try:
        connection = connect(path)
        if trouble := _trouble(connection, mark):
            return connection, trouble
        prepare(connection)
        return connection, ""
    except sqlite.DatabaseError as error:
        if not _is_passing(error):
            return connection, f"SQLite cannot read it ({error})"
        if connection is not None:
            connection.close()
        raise


def _trouble(connection: sqlite.Connection, mark: Mark | None) -> str:
    """What is wrong with the log; empty when nothing is. Raises DatabaseError when SQLite itself says so."""
    run = connection.execute
    tables = {name for (name,) in run("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    last = 0
    if "blocks" in tables:
        broken = unreadable(run, _first_not_stored(run if "loads" in tables else None, mark))
        if broken:
            return f"{len(broken)} blocks do not read as they were written, the first ends at event {broken[0]:,}"
        last = run("SELECT coalesce(max(seq), 0) FROM blocks").fetchone()[0]
    if mark is None or last >= mark.seq or ("identity" in tables and _id(run) not in {"", mark.log_id}):
        return ""
    return f"it ends at event {last:,}, and events up to {mark.seq:,} were acknowledged"


def unreadable(run: Callable[..., Any], first_seq: int = 0) -> list[int]:
    """Numbers of the blocks from `first_seq` on that do not read as they were written. Raises DatabaseError."""
    has_checksum = any(name == "checksum" for _, name, *_ in run("PRAGMA table_info(blocks)"))
    columns = f"seq, events, committed_us, requests, {'checksum' if has_checksum else 'NULL'}"
    rows = run(f"SELECT {columns} FROM blocks WHERE seq >= ? ORDER BY seq", (first_seq,))
    return [row[0] for row in rows if not is_whole(*row)]


def _id(run: Callable[..., Any]) -> str:
    return str((run("SELECT id FROM identity").fetchone() or ("",))[0])


def _first_not_stored(run: Callable[..., Any] | None, mark: Mark | None) -> int:
    """Number of the first event that the event store may not have; `run` is None where bounds of loads are gone."""
    begun = run("SELECT min(first_seq) FROM loads").fetchone()[0] if run else None
    return max(begun or 1, mark.stored_seq + 1 if mark else 1)


def lost_events(run: Callable[..., Any], mark: Mark) -> int:
    """Events that were acknowledged, that the event store may not have, and that are in no block."""
    first = _first_not_stored(run, mark)
    last, events = run("SELECT max(seq), sum(events) FROM blocks WHERE seq >= ?", (first,)).fetchone()
    return max(0, max(last or 0, mark.seq) - first + 1 - (events or 0))


def _is_passing(error: sqlite.DatabaseError) -> bool:
    """A lock, a full disk: nothing that says the file is damaged."""
    return isinstance(error, sqlite.OperationalError)
