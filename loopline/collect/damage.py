"""A damaged inbox: found when it is opened, set aside, built anew from every block that is whole, and told.

Whoever opens the log first looks at what matters: that SQLite can read it, that what the event store may not have yet
reads as it was written, and that it reaches as far as was acknowledged. Numbers go on behind the last acknowledged
event, so that none is given out twice; what is missing between counts as damaged in the books.
"""

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from loopline.collect.checksum import is_whole
from loopline.collect.end_mark import Mark, read_mark
from loopline.collect.transactions import transaction
from loopline.collect.whole_blocks import whole_blocks

logger = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS damages (at_us INTEGER PRIMARY KEY, lost INTEGER NOT NULL, words TEXT NOT NULL);
"""
REASON = "damaged"
"""How the books call events that were acknowledged and cannot be read any more."""
_KEPT_TABLES = ("identity", "loads", "refused", "damages")


@dataclass(frozen=True, slots=True)
class Damage:
    at_us: int
    lost: int
    """Events that were acknowledged, are not in the event store, and cannot be read any more."""
    words: str


@dataclass(slots=True)
class Found:
    """A damaged log that was set aside."""

    trouble: str
    path: Path
    mark: Mark
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    """What could be read of the other tables."""


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


def open_sound(path: Path, connect: Callable[[Path], sqlite.Connection]) -> tuple[sqlite.Connection, Found | None]:
    """A connection to the log at `path`; to a new file in its place, and what was found, when it is damaged."""
    mark = read_mark(path.parent)
    if mark is None and not path.exists():
        return connect(path), None
    connection: sqlite.Connection | None = None
    found = Found("", path, mark or Mark("", 0))
    wal = path.with_name(path.name + "-wal")
    aside = path.parent / "damaged" / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    if not path.exists():
        _keep(wal, aside)  # SQLite throws away a write-ahead log without its file
    try:
        connection = connect(path)
        found.trouble = _trouble(connection, mark)
    except sqlite.DatabaseError as error:
        if _is_passing(error):
            raise
        found.trouble = f"SQLite cannot read it ({error})"
    if connection is not None and not found.trouble:
        return connection, None
    _keep(wal, aside)
    if connection is not None:
        found.rows = {table: _rows(connection, table) for table in _KEPT_TABLES}
        connection.close()
    _keep(path, aside)
    for name in (path, wal, path.with_name(path.name + "-shm")):
        name.unlink(missing_ok=True)
    found.path = aside / path.name
    return connect(path), found


def take_up(connection: sqlite.Connection, found: Found) -> str:
    """Fill the new file from what is whole, and write down what happened; the words for people."""
    kept = 0
    with transaction(connection) as run:
        if found.mark.log_id:
            run("UPDATE identity SET id = ?", (found.mark.log_id,))
        for table, rows in found.rows.items():
            for row in rows:
                run(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        wal = found.path.with_name(found.path.name + "-wal")
        for block in whole_blocks(found.path, wal):
            kept += run("INSERT OR IGNORE INTO blocks VALUES (?, ?, ?, ?, ?)", block).rowcount
        lost = _lost(run, found.mark)
        # Carries the count over the gap: a number that was given out is not given out again.
        empty = "INSERT INTO blocks SELECT ?1, 0, ?2, x'90', NULL WHERE ?1 > (SELECT coalesce(max(seq), 0) FROM blocks)"
        run(empty, (found.mark.seq, time.time_ns() // 1000))
        gone = f"{lost:,} acknowledged events cannot be read any more" if lost else "no event is missing"
        place = found.path.parent
        words = (
            f"The inbox was damaged: {found.trouble}. {kept:,} whole blocks were kept; {gone}. It is kept in {place}."
        )
        run("INSERT OR REPLACE INTO damages VALUES (?, ?, ?)", (time.time_ns() // 1000, lost, words))
    return words


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


def _lost(run: Callable[..., Any], mark: Mark) -> int:
    """Events that were acknowledged, that the event store may not have, and that are in no block."""
    first = _first_not_stored(run, mark)
    last, events = run("SELECT max(seq), sum(events) FROM blocks WHERE seq >= ?", (first,)).fetchone()
    return max(0, max(last or 0, mark.seq) - first + 1 - (events or 0))


def _rows(connection: sqlite.Connection, table: str) -> list[tuple[Any, ...]]:
    try:
        return list(connection.execute(f"SELECT * FROM {table}"))
    except sqlite.DatabaseError as error:
        logger.error("%s of the damaged inbox cannot be read: %s", table, error)
        return []


def _is_passing(error: sqlite.DatabaseError) -> bool:
    """A lock, a full disk: nothing that says the file is damaged."""
    return isinstance(error, sqlite.OperationalError)


def _keep(path: Path, aside: Path) -> None:
    if path.exists():
        aside.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, aside / path.name)
