"""The inbox: a durable, ordered log of everything the collector said yes to.

One row (a *block*) is one group commit: the requests that arrived while the previous commit was on its way to the
disk. One statement a block means one fsync and few hand-overs of the interpreter lock. Every event has its own
number: a block's `seq` is the number of its last event, and numbers have no gaps, so the last number is also the
count of all events ever received.
"""

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from pysqlite3 import dbapi2 as sqlite

from loopline.collect.request import Request
from loopline.lib.sqlite import refuse_unsafe_version

SCHEMA = """
CREATE TABLE IF NOT EXISTS blocks (
    seq INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    received_us INTEGER NOT NULL,
    requests BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS refusals (reason TEXT PRIMARY KEY, requests INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identity (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), id TEXT NOT NULL);
INSERT OR IGNORE INTO identity VALUES (1, lower(hex(randomblob(8))));
CREATE TABLE IF NOT EXISTS loads (first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL);
"""
# The next number is taken inside the statement that writes, so several processes can append to one inbox.
INSERT_BLOCK = """
INSERT INTO blocks (seq, events, received_us, requests)
VALUES (coalesce((SELECT max(seq) FROM blocks), 0) + ?1, ?1, ?2, ?3)
"""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Request])
_GROUP_BYTES = 4 << 20


class Unavailable(RuntimeError):
    """The inbox cannot take an event now; the sender should come back after `retry_after_s`."""

    def __init__(self, reason: str, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Limits:
    """When the inbox asks senders to wait, rather than grow without end."""

    min_free_bytes: int = 256 << 20
    """Room that must stay free on the disk of the inbox: the event store lives there too."""
    max_waiting_bytes: int = 64 << 20
    """Bodies waiting in memory for their commit."""
    max_lag_events: int = 5_000_000
    """Events received and not yet loaded."""


@dataclass(frozen=True, slots=True)
class Block:
    """Requests committed together. Event numbers run from `first_seq` to `seq`, in order."""

    seq: int
    events: int
    received_us: int
    requests: list[Request]

    @property
    def first_seq(self) -> int:
        return self.seq - self.events + 1


@dataclass(slots=True)
class _Group:
    """Requests that will share a commit, and who waits for it."""

    requests: list[Request] = field(default_factory=list)
    waiters: list[asyncio.Future[None]] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None
    size: int = 0


def connect(path: Path) -> sqlite.Connection:
    """A connection that commits durably (WAL, synchronous=FULL), each statement by itself."""
    refuse_unsafe_version(sqlite.sqlite_version_info)
    connection = sqlite.connect(str(path), timeout=10, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA page_size=8192")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=4000")
    connection.execute("PRAGMA journal_size_limit=67108864")
    return connection


def pack(requests: Sequence[Request]) -> tuple[int, int, bytes]:
    """The values of a new block: number of events, time of the first request, the requests."""
    return sum(one.events for one in requests), requests[0].received_us, _ENCODER.encode(requests)


class Inbox:
    """The log of one collector under `folder`. `start()` before `append`; reading needs no start.

    One thread writes. Senders wait in groups: whatever arrives during a commit shares the next one.
    """

    def __init__(self, folder: Path, limits: Limits | None = None, *, free_bytes: Callable[[], int] | None = None):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = folder / "inbox.sqlite"
        self.limits = limits or Limits()
        self.free_bytes = free_bytes or (lambda: shutil.disk_usage(folder).free)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._group = _Group()
        self._refused: dict[str, int] = {}
        self._trouble: Unavailable | None = None
        self._loaded_seq: int | None = None
        self._thread: threading.Thread | None = None
        self._closing = False
        self._reader = connect(self.path)
        self._reader_lock = threading.Lock()
        self._reader.executescript(SCHEMA)
        self.id: str = next(self._select("SELECT id FROM identity"))[0]
        """Tells this log from one that was put in its place."""

    # Writing

    def start(self) -> None:
        self._look_at_room()
        self._thread = threading.Thread(target=self._write_until_closed, name="inbox writer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Commit what waits, then stop."""
        with self._lock:
            self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._reader_lock:
            self._reader.close()

    async def append(self, request: Request) -> None:
        """Return once the request is on disk. Raises Unavailable when it is not, and then it never will be."""
        if self._trouble is not None:
            raise self._trouble
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        with self._lock:
            group = self._group
            if group.size > self.limits.max_waiting_bytes or self._closing:
                raise Unavailable("queue", "The collector is at its limit. Send this again in a moment.", 2)
            group.requests.append(request)
            group.waiters.append(waiter)
            group.loop = loop
            group.size += len(request.body) + 200
        self._wake.set()
        await waiter

    def _write_until_closed(self) -> None:
        connection = connect(self.path)
        next_look = 0.0
        while True:
            self._wake.wait(timeout=1)
            self._wake.clear()
            with self._lock:
                group, self._group = self._group, _Group()
            if group.requests:
                connection = self._commit(connection, group)
            if (now := time.monotonic()) >= next_look or self._closing:
                next_look = now + 1
                self._look_at_room()
                self._keep_refusals(connection)
            if self._closing and not self._group.requests:
                break
        connection.close()

    def _commit(self, connection: sqlite.Connection, group: _Group) -> sqlite.Connection:
        """Write one group, in several blocks when it is large, and tell each sender what became of its request."""
        failure: Unavailable | None = None
        start = 0
        while start < len(group.requests) and failure is None:
            end, size = start, 0
            while end < len(group.requests) and size < _GROUP_BYTES:
                size += len(group.requests[end].body)
                end += 1
            try:
                connection.execute(INSERT_BLOCK, pack(group.requests[start:end])).close()
            except sqlite.Error as error:
                failure = _refusal_for(error)
            else:
                _settle(group.loop, group.waiters[start:end], None)
                start = end
        if failure is None:
            return connection
        _settle(group.loop, group.waiters[start:], failure)
        self._trouble = failure
        try:
            # After a failed write or fsync the old connection's view of the log is not to be trusted.
            fresh = connect(self.path)
        except sqlite.Error:
            return connection
        connection.close()
        return fresh

    def _look_at_room(self) -> None:
        """Decide whether events can be taken now; runs once a second, so trouble that ends is noticed by itself."""
        free = self.free_bytes()
        if free < self.limits.min_free_bytes:
            needed = self.limits.min_free_bytes >> 20
            self._trouble = Unavailable(
                "disk",
                f"The collector's disk has {free >> 20} MB free and needs {needed} MB. Send this again later.",
                30,
            )
        elif (lag := self.lag_events()) > self.limits.max_lag_events:
            self._trouble = Unavailable(
                "lag", f"{lag} events wait to be loaded, more than the limit. Send this again later.", 30
            )
        else:
            self._trouble = None

    # Counting

    def refuse(self, reason: str) -> None:
        """Count a request that was answered with an error."""
        with self._lock:
            self._refused[reason] = self._refused.get(reason, 0) + 1

    def _keep_refusals(self, connection: sqlite.Connection) -> None:
        with self._lock:
            refused, self._refused = self._refused, {}
        try:
            for reason, requests in refused.items():
                connection.execute(
                    "INSERT INTO refusals VALUES (?1, ?2) ON CONFLICT (reason) DO UPDATE SET requests = requests + ?2",
                    (reason, requests),
                ).close()
        except sqlite.Error:
            with self._lock:
                for reason, requests in refused.items():
                    self._refused[reason] = self._refused.get(reason, 0) + requests

    def refusals(self) -> dict[str, int]:
        """Requests ever answered with an error, by reason."""
        counts: dict[str, int] = dict(self._select("SELECT reason, requests FROM refusals"))
        with self._lock:
            for reason, requests in self._refused.items():
                counts[reason] = counts.get(reason, 0) + requests
        return counts

    @property
    def trouble(self) -> Unavailable | None:
        """Why events are being refused right now, or None."""
        return self._trouble

    @property
    def is_writing(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def note_loaded(self, seq: int) -> None:
        """The loader stored everything up to `seq`."""
        self._loaded_seq = seq

    def lag_events(self) -> int:
        """Events received and not yet loaded; 0 where no loader runs beside this collector."""
        return 0 if self._loaded_seq is None else max(0, self.last_seq() - self._loaded_seq)

    def age_s(self, after_seq: int) -> float:
        """How long ago the first event after `after_seq` was received; 0 when there is none."""
        rows = list(self._select("SELECT received_us FROM blocks WHERE seq > ? ORDER BY seq LIMIT 1", after_seq))
        return max(0.0, time.time() - rows[0][0] / 1e6) if rows else 0.0

    # Reading

    def last_seq(self) -> int:
        """Number of the last event received: the count of all events ever received."""
        return int(next(self._select("SELECT coalesce(max(seq), 0) FROM blocks"))[0])

    def read(self, after_seq: int, max_events: int, upto_seq: int | None = None) -> list[Block]:
        """Blocks after event `after_seq`, in order: one at least where there is any, else at most `max_events`."""
        blocks: list[Block] = []
        total = 0
        sql = "SELECT seq, events, received_us, requests FROM blocks WHERE seq > ? AND seq <= ? ORDER BY seq"
        with self._reader_lock:
            found = self._reader.execute(sql, (after_seq, upto_seq or (1 << 62)))
            for seq, events, received_us, requests in found:
                if blocks and total + events > max_events:
                    break
                total += events
                blocks.append(Block(seq, events, received_us, _DECODER.decode(requests)))
            found.close()
        return blocks

    def pinned_end(self, first_seq: int) -> int | None:
        """Last event of the load that began at `first_seq`, if one was begun before."""
        found = list(self._select("SELECT last_seq FROM loads WHERE first_seq = ?", first_seq))
        return int(found[0][0]) if found else None

    def pin(self, first_seq: int, last_seq: int) -> None:
        """Fix the bounds of a load before it is written, so that repeating it after a crash repeats the same rows."""
        with self._reader_lock:
            self._reader.execute("INSERT OR REPLACE INTO loads VALUES (?, ?)", (first_seq, last_seq)).close()

    def unpin(self, upto_seq: int) -> None:
        with self._reader_lock:
            self._reader.execute("DELETE FROM loads WHERE last_seq <= ?", (upto_seq,)).close()

    def trim(self, upto_seq: int) -> int:
        """Delete blocks up to `upto_seq`; the very last block stays, it carries the count. Returns how many went."""
        sql = "DELETE FROM blocks WHERE seq <= ? AND seq < (SELECT max(seq) FROM blocks)"
        with self._reader_lock:
            return int(self._reader.execute(sql, (upto_seq,)).rowcount)

    def restore(self, block: Block) -> None:
        """Put a block from the archive back under its own numbers; one that is still there stays as it is."""
        values = (block.seq, block.events, block.received_us, _ENCODER.encode(block.requests))
        with self._reader_lock:
            self._reader.execute("INSERT OR IGNORE INTO blocks VALUES (?, ?, ?, ?)", values).close()

    def _select(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        with self._reader_lock:
            found = self._reader.execute(sql, values).fetchall()
        return iter(found)


def _refusal_for(error: sqlite.Error) -> Unavailable:
    if "full" in str(error) or "disk I/O" in str(error):
        return Unavailable("disk", "The collector's disk is full. Nothing was stored; send this again later.", 30)
    return Unavailable("commit", f"The collector could not store this ({error}). Send it again in a moment.", 5)


def _settle(
    loop: asyncio.AbstractEventLoop | None, waiters: list[asyncio.Future[None]], failure: Unavailable | None
) -> None:
    def tell() -> None:
        for waiter in waiters:
            if waiter.done():
                continue
            if failure is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(failure)

    if loop is not None and not loop.is_closed():
        loop.call_soon_threadsafe(tell)
