"""A damaged inbox is built anew from every block that is whole, and what is gone is told.

A kill at any moment costs nothing: first the damaged files are copied to `damaged/`, then a note says that the copies
are complete, then a new log is filled beside them and takes the place of the old one, and then the note goes. Whoever
finds the note begins again from the copies. Numbers go on behind the last acknowledged event, so that none is given out
twice; what is missing between counts as damaged in the books.
"""

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from loopline.collect.damage import looked_at, lost_events
from loopline.collect.end_mark import Mark, read_mark
from loopline.collect.transactions import transaction
from loopline.collect.whole_blocks import whole_blocks
from loopline.lib.disk import put_on_disk

logger = logging.getLogger(__name__)

Connect = Callable[[Path], sqlite.Connection]
Prepare = Callable[[sqlite.Connection], None]
_KEPT_TABLES = ("identity", "loads", "refused", "damages")


@dataclass(frozen=True, slots=True)
class Copies:
    """A damaged log that was set aside, and what is wrong with it."""

    folder: Path
    trouble: str


def open_sound(path: Path, connect: Connect, prepare: Prepare) -> tuple[sqlite.Connection, str]:
    """A connection to the log at `path`, mended before where it is damaged, and what was done in words for people.

    `prepare` sees that a log has all its tables.
    """
    mark, copies = read_mark(path.parent), _begun(path.parent)
    if copies is None:
        connection, trouble = looked_at(path, mark, connect, prepare)
        try:
            if connection is not None and not trouble:
                return connection, ""
            copies = _set_aside(path, trouble)
        except BaseException:
            if connection is not None:
                connection.close()
            raise
        if connection is not None:
            connection.close()
    words = _mend(path, copies, mark or Mark("", 0), connect, prepare)
    mended = connect(path)
    prepare(mended)
    return mended, words


def _begun(folder: Path) -> Copies | None:
    """The copies from which a mending that was cut off has to begin again."""
    try:
        name, _, trouble = _note(folder).read_text("utf-8").partition("\n")
    except FileNotFoundError:
        return None
    return Copies(folder / "damaged" / name, trouble)


def _set_aside(path: Path, trouble: str) -> Copies:
    copies = Copies(path.parent / "damaged" / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}", trouble)
    copies.folder.mkdir(parents=True)
    for one in (path, _wal(path)):
        if one.exists():
            shutil.copy2(one, copies.folder / one.name)
            put_on_disk(copies.folder / one.name)
    put_on_disk(copies.folder)
    note = _note(path.parent)
    draft = note.with_suffix(".draft")
    draft.write_text(f"{copies.folder.name}\n{trouble}", "utf-8")
    put_on_disk(draft)
    draft.replace(note)
    put_on_disk(note.parent)
    return copies


def _mend(path: Path, copies: Copies, mark: Mark, connect: Connect, prepare: Prepare) -> str:
    draft = copies.folder / "mended.sqlite"
    _remove(draft)
    connection = connect(draft)
    try:
        prepare(connection)
        words = _fill(connection, copies.folder / path.name, copies.trouble, mark, connect)
        # One file, complete: its write-ahead log does not move along.
        [(mode,)] = connection.execute("PRAGMA journal_mode=DELETE").fetchall()
        if mode != "delete":
            raise sqlite.OperationalError("the mended inbox could not be completed; start again")
    finally:
        connection.close()
    put_on_disk(draft)
    _remove(path)
    draft.replace(path)
    put_on_disk(path.parent)
    _note(path.parent).unlink()
    put_on_disk(copies.folder.parent)
    return words


def _fill(connection: sqlite.Connection, source: Path, trouble: str, mark: Mark, connect: Connect) -> str:
    """Fill the new log from what is whole in the copy at `source`, and write down what happened."""
    kept, rows_by_table = 0, _readable(source, connect)
    with transaction(connection) as run:
        if mark.log_id:
            run("UPDATE identity SET id = ?", (mark.log_id,))
        for table, rows in rows_by_table.items():
            for row in rows:
                run(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        for block in whole_blocks(source, _wal(source)):
            kept += run("INSERT OR IGNORE INTO blocks VALUES (?, ?, ?, ?, ?)", block).rowcount
        lost = lost_events(run, mark)
        # Carries the count over the gap: a number that was given out is not given out again.
        empty = "INSERT INTO blocks SELECT ?1, 0, ?2, x'90', NULL WHERE ?1 > (SELECT coalesce(max(seq), 0) FROM blocks)"
        run(empty, (mark.seq, time.time_ns() // 1000))
        gone = f"{lost:,} acknowledged events cannot be read any more" if lost else "no event is missing"
        words = (
            f"The inbox was damaged: {trouble}. {kept:,} whole blocks were kept; {gone}. It is kept in {source.parent}."
        )
        run("INSERT OR REPLACE INTO damages VALUES (?, ?, ?)", (time.time_ns() // 1000, lost, words))
    return words


def _readable(source: Path, connect: Connect) -> dict[str, list[tuple[Any, ...]]]:
    """What SQLite can read of the small tables, from a copy of the copy: looking at it would change it."""
    if not source.exists():
        return {}
    look = source.with_name("look.sqlite")
    _remove(look)
    shutil.copy2(source, look)
    if _wal(source).exists():
        shutil.copy2(_wal(source), _wal(look))
    try:
        connection = connect(look)
        try:
            return {table: _rows(connection, table) for table in _KEPT_TABLES}
        finally:
            connection.close()
    except sqlite.DatabaseError as error:
        logger.error("the small tables of the damaged inbox cannot be read: %s", error)
        return {}
    finally:
        _remove(look)


def _rows(connection: sqlite.Connection, table: str) -> list[tuple[Any, ...]]:
    try:
        return list(connection.execute(f"SELECT * FROM {table}"))
    except sqlite.DatabaseError as error:
        logger.error("%s of the damaged inbox cannot be read: %s", table, error)
        return []


def _note(folder: Path) -> Path:
    return folder / "damaged" / "mending"


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _remove(path: Path) -> None:
    for one in (path, _wal(path), path.with_name(path.name + "-shm"), path.with_name(path.name + "-journal")):
        one.unlink(missing_ok=True)
