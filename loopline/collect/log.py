"""The file of the inbox: an ordered log in SQLite that only grows at its end.

One row (a *block*) is one commit: requests that arrived together. Every event has its own number: a block's `seq` is
the number of its last event, and numbers have no gaps, so the last number is also the count of all events ever
received. Any process may read, and append past the collector (`own.py`, `quarantine.py`).
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from pysqlite3 import dbapi2 as sqlite

from loopline.collect.checksum import checksum_of, is_whole
from loopline.collect.damage import SCHEMA as DAMAGE_SCHEMA
from loopline.collect.damage import Claim, Damage, unreadable
from loopline.collect.end_mark import EndMark
from loopline.collect.mending import open_sound
from loopline.collect.refusals import SCHEMA as REFUSALS_SCHEMA
from loopline.collect.refusals import Refused, add_refusals, take_over_refusals
from loopline.collect.request import Request
from loopline.collect.transactions import take_over, transaction
from loopline.lib.sqlite import refuse_unsafe_version

_SCHEMA = """
CREATE TABLE IF NOT EXISTS blocks (
    seq INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    committed_us INTEGER NOT NULL,
    requests BLOB NOT NULL,
    checksum INTEGER
);
CREATE TABLE IF NOT EXISTS identity (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), id TEXT NOT NULL);
INSERT OR IGNORE INTO identity VALUES (1, lower(hex(randomblob(8))));
CREATE TABLE IF NOT EXISTS loads (first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS forgotten (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), upto_seq INTEGER NOT NULL);
INSERT OR IGNORE INTO forgotten VALUES (1, 0);
"""
# The next number is taken inside the statement that writes, so several processes can append to one log.
_APPEND = """
INSERT INTO blocks (seq, events, committed_us, requests, checksum)
SELECT last + ?1, ?1, ?2, ?3, last + ?1 + ?4 FROM (SELECT coalesce(max(seq), 0) AS last FROM blocks)
"""
log = logging.getLogger(__name__)

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Request])


@dataclass(frozen=True, slots=True)
class Block:
    """Requests committed together. Event numbers run from `first_seq` to `seq`, in order."""

    seq: int
    events: int
    committed_us: int
    requests: list[Request]

    @property
    def first_seq(self) -> int:
        return self.seq - self.events + 1


def connect(path: Path) -> sqlite.Connection:
    """A connection that commits durably (WAL, synchronous=FULL), each statement by itself."""
    refuse_unsafe_version(sqlite.sqlite_version_info)
    connection = sqlite.connect(str(path), timeout=10, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA page_size=8192")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=4000")
    connection.execute("PRAGMA journal_size_limit=67108864")
    connection.execute("PRAGMA secure_delete=ON")  # what goes is overwritten: some of it is people's
    return connection


def wiped(connection: sqlite.Connection) -> bool:
    """Let the write-ahead log of this connection's file hold nothing; False where others still need it."""
    [(is_busy, _, _)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return not is_busy


def append_block(connection: sqlite.Connection, requests: Sequence[Request]) -> int:
    """Write `requests` as one block; its number, once it is on disk. Raises sqlite's Error: then nothing is stored."""
    events, now_us, packed = sum(one.events for one in requests), time.time_ns() // 1000, _ENCODER.encode(requests)
    cursor = connection.execute(_APPEND, (events, now_us, packed, checksum_of(events, now_us, packed)))
    seq: int = cursor.lastrowid
    cursor.close()
    return seq


def _add_tables(connection: sqlite.Connection) -> None:
    connection.executescript(_SCHEMA + REFUSALS_SCHEMA + DAMAGE_SCHEMA)
    _add_checksums(connection)
    take_over(connection, "refusals", take_over_refusals)


class Log:
    """The log in `folder`/inbox.sqlite."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = folder / "inbox.sqlite"
        self._connection_lock = threading.Lock()
        self._claim = Claim(folder)
        try:
            self._connection = self._opened()
        except BaseException:
            self._claim.close()  # Others wait for this look; they shall have their own.
            raise
        self.id: str = next(self._select("SELECT id FROM identity"))[0]
        """Tells this log from one that was put in its place."""
        self._end = EndMark(folder, self.id)

    def _opened(self) -> sqlite.Connection:
        if not self._claim.is_first:
            connection = connect(self.path)
            _add_tables(connection)
            return connection
        connection, mended = open_sound(self.path, connect, _add_tables)
        if mended:
            log.error("%s", mended)
        self._claim.share()
        return connection

    def close(self) -> None:
        with self._connection_lock:
            self._connection.close()
            self._end.close()
            self._claim.close()

    def append_now(self, requests: Sequence[Request]) -> None:
        """Append past the collector; returns when it is on disk. Raises sqlite's Error, and then nothing is stored."""
        with self._connection_lock:
            self._end.note(append_block(self._connection, requests))

    def last_seq(self) -> int:
        """Number of the last event received: the count of all events ever received."""
        return int(next(self._select("SELECT coalesce(max(seq), 0) FROM blocks"))[0])

    def age_s(self, after_seq: int) -> float:
        """How long ago the first event after `after_seq` was received; 0 when there is none."""
        rows = list(self._select("SELECT committed_us FROM blocks WHERE seq > ? ORDER BY seq LIMIT 1", after_seq))
        return max(0.0, time.time() - rows[0][0] / 1e6) if rows else 0.0

    def read(self, after_seq: int, upto_seq: int) -> list[Block]:
        """The blocks of events after `after_seq` up to `upto_seq`, in order. One that is damaged is left out: its
        numbers are missing, and whoever counts sees it.
        """
        columns = "seq, events, committed_us, requests, checksum"
        sql = f"SELECT {columns} FROM blocks WHERE seq > ? AND seq <= ? ORDER BY seq"
        blocks = []
        for row in self._select(sql, after_seq, upto_seq):
            seq, events, at, packed, _ = row
            if is_whole(*row):
                blocks.append(Block(seq, events, at, _DECODER.decode(packed)))
            else:
                log.error("The block of event %s in the inbox is damaged: its %s events are left out", seq, events)
        return blocks

    def end_of_stretch(self, after_seq: int, max_events: int, upto_seq: int = 1 << 62) -> int | None:
        """Last event of the next blocks, none after `upto_seq`, that together hold at most `max_events`.

        One block at least; None when there is none.
        """
        [(first_end,)] = self._select("SELECT min(seq) FROM blocks WHERE seq > ?", after_seq)
        if first_end is None or first_end > upto_seq:
            return None
        sql = "SELECT max(seq) FROM blocks WHERE seq <= ?"
        [(end,)] = self._select(sql, min(after_seq + max_events, upto_seq))
        return max(int(first_end), int(end or 0))

    # Bounds of loads

    def pinned_end(self, first_seq: int) -> int | None:
        """Last event of the load that began at `first_seq`, if one was begun before."""
        found = list(self._select("SELECT last_seq FROM loads WHERE first_seq = ?", first_seq))
        return int(found[0][0]) if found else None

    def pin(self, first_seq: int, last_seq: int, stored_seq: int) -> None:
        """Fix the bounds of a load before it is written, so that repeating it after a crash repeats the same rows.

        Bounds up to `stored_seq` are forgotten: the store has those events.
        """
        with self._connection_lock, transaction(self._connection) as run:
            run("DELETE FROM loads WHERE first_seq <= ?", (stored_seq,))
            run("INSERT OR REPLACE INTO loads VALUES (?, ?)", (first_seq, last_seq))

    def refused(self) -> Refused:
        """What was ever turned away."""
        sql = "SELECT source_id, reason, requests, events FROM refused"
        return {(source, reason): (requests, events) for source, reason, requests, events in self._select(sql)}

    def add_refused(self, refused: Refused) -> None:
        """Count what was turned away past the collector. Raises sqlite's Error, and then nothing is counted."""
        with self._connection_lock:
            add_refusals(self._connection, refused)

    # Damage

    def damages(self) -> list[Damage]:
        """What was found damaged and mended at a start, oldest first."""
        rows = self._select("SELECT at_us, lost, words FROM damages ORDER BY at_us")
        return [Damage(at_us, lost, words) for at_us, lost, words in rows]

    def unreadable(self) -> list[int]:
        """Numbers of all blocks that do not read as they were written. Raises sqlite's DatabaseError."""
        with self._connection_lock:
            return unreadable(self._connection.execute)

    # Keeping it small

    def blocks_committed(self, from_us: int, to_us: int) -> Iterator[Block]:
        """The blocks committed in [from_us, to_us), one at a time."""
        sql = "SELECT seq FROM blocks WHERE committed_us >= ? AND committed_us < ? ORDER BY seq"
        for (seq,) in list(self._select(sql, from_us, to_us)):
            yield from self.read(seq - 1, seq)

    def oldest_us(self) -> int | None:
        """When the oldest block still here was committed."""
        rows = list(self._select("SELECT committed_us FROM blocks ORDER BY seq LIMIT 1"))
        return int(rows[0][0]) if rows else None

    def last_seq_before(self, moment_us: int) -> int | None:
        """Last event committed before a moment, or None."""
        found: int | None = next(self._select("SELECT max(seq) FROM blocks WHERE committed_us < ?", moment_us))[0]
        return found

    def trim(self, upto_seq: int) -> int:
        """Delete blocks up to `upto_seq`; the very last block stays, it carries the count. Returns how many went."""
        sql = "DELETE FROM blocks WHERE seq <= ? AND seq < (SELECT max(seq) FROM blocks)"
        with self._connection_lock:
            return int(self._connection.execute(sql, (upto_seq,)).rowcount)

    # Addresses, see `addresses.py`

    def forgotten_upto(self) -> int:
        """Last event whose block holds no address any more."""
        return int(next(self._select("SELECT upto_seq FROM forgotten"))[0])

    def write_back(self, blocks: Sequence[Block], *, forgotten_upto: int) -> None:
        """Put blocks in the place of those with their numbers; what stood there is overwritten on the disk."""
        packed = [_ENCODER.encode(block.requests) for block in blocks]
        rows = [
            (content, block.seq + checksum_of(block.events, block.committed_us, content), block.seq)
            for block, content in zip(blocks, packed, strict=True)
        ]
        with self._connection_lock:
            with transaction(self._connection) as run:
                for row in rows:
                    run("UPDATE blocks SET requests = ?, checksum = ? WHERE seq = ?", row)
                run("UPDATE forgotten SET upto_seq = ?", (forgotten_upto,))

    def wipe(self) -> bool:
        """Bring what was written back into the file itself, so that the log beside it holds no older state.

        While somebody reads this can do only a part, and says False; the next time does the rest.
        """
        with self._connection_lock:
            return wiped(self._connection)

    def restore(self, block: Block) -> None:
        """Put a block from the archive back under its own numbers; one that is still there stays as it is."""
        packed = _ENCODER.encode(block.requests)
        checksum = block.seq + checksum_of(block.events, block.committed_us, packed)
        values = (block.seq, block.events, block.committed_us, packed, checksum)
        with self._connection_lock:
            self._connection.execute("INSERT OR IGNORE INTO blocks VALUES (?, ?, ?, ?, ?)", values).close()

    def _select(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        with self._connection_lock:
            found = self._connection.execute(sql, values).fetchall()
        return iter(found)


def _add_checksums(connection: sqlite.Connection) -> None:
    """In a file from before there were checksums; its blocks have none."""
    columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(blocks)")]
    if "checksum" not in columns:
        connection.execute("ALTER TABLE blocks ADD COLUMN checksum INTEGER")
