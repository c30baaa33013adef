"""The inbox: takes requests from the collector into the log, durably, many with one fsync.

Whatever arrives while a commit is on its way to the disk shares the next one. Each commit is one statement, so the
writer hands the interpreter over as rarely as possible.
"""

import asyncio
import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from loopline.collect.log import Log, append_block, connect
from loopline.collect.refusals import Refused, add_refusals, added_up
from loopline.collect.request import Request

log = logging.getLogger(__name__)

_GROUP_BYTES = 4 << 20
Settle = Callable[["Unavailable | None"], None]
"""Hears what became of a request: None when it is on disk, else why it is not and never will be."""


class Unavailable(RuntimeError):
    """The inbox cannot take an event now; the sender should come back after `retry_after_s`."""

    def __init__(self, reason: str, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after_s = retry_after_s

    def again(self) -> "Unavailable":
        """The same for another sender: an exception raised over and over would gather tracebacks without end."""
        return Unavailable(self.reason, str(self), self.retry_after_s)


@dataclass(frozen=True, slots=True)
class Limits:
    """When the inbox asks senders to wait, rather than grow without end."""

    min_free_bytes: int = 256 << 20
    """Room that must stay free on the disk of the inbox: the event store lives there too."""
    max_waiting_bytes: int = 64 << 20
    """Bodies waiting in memory for their commit."""
    max_lag_events: int = 5_000_000
    """Events received and not yet loaded."""


@dataclass(slots=True)
class _Group:
    """Requests that will share a commit, and who waits for it."""

    requests: list[Request] = field(default_factory=list)
    waiters: list[Settle] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None
    size: int = 0


class Inbox(Log):
    """The log of one collector under `folder`. `start()` before `put`; reading needs no start.

    One thread writes. Senders wait in groups: whatever arrives during a commit shares the next one.
    """

    def __init__(self, folder: Path, limits: Limits | None = None, *, free_bytes: Callable[[], int] | None = None):
        super().__init__(folder)
        self.limits = limits or Limits()
        self.free_bytes = free_bytes or (lambda: shutil.disk_usage(folder).free)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._group = _Group()
        self._refused: Refused = {}
        self._trouble: Unavailable | None = None
        self._loaded_seq: int | None = None
        self._thread: threading.Thread | None = None
        self._closing = False

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
        super().close()

    def put(self, request: Request, settle: Settle) -> None:
        """Let the request share the next commit. Call it in an event loop; `settle` is called there, once.

        Raises Unavailable when the request cannot even wait, and then `settle` hears nothing.
        """
        if self._trouble is not None:
            raise self._trouble.again()
        loop = asyncio.get_running_loop()
        with self._lock:
            group = self._group
            if group.size > self.limits.max_waiting_bytes or self._closing:
                raise Unavailable("queue", "The collector is at its limit. Send this again in a moment.", 2)
            group.requests.append(request)
            group.waiters.append(settle)
            group.loop = loop
            group.size += len(request.body) + 200
        self._wake.set()

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
                seq = append_block(connection, group.requests[start:end])
            except sqlite.Error as error:
                failure = _refusal_for(error)
            else:
                self._end.note(seq)
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

    def refuse(self, reason: str, source_id: str = "", events: int = 1) -> None:
        """Count a request that was answered with an error, and the events in it; 1 where nobody could count them."""
        with self._lock:
            known = self._refused.get((source_id, reason), (0, 0))
            self._refused[source_id, reason] = (known[0] + 1, known[1] + events)

    def _keep_refusals(self, connection: sqlite.Connection) -> None:
        with self._lock:
            refused, self._refused = self._refused, {}
        try:
            add_refusals(connection, refused)
        except sqlite.Error:
            with self._lock:
                self._refused = added_up(refused, self._refused)

    def refused(self) -> Refused:
        """With those of the last second, which are not written down yet."""
        stored = super().refused()
        with self._lock:
            return added_up(stored, self._refused)

    @property
    def trouble(self) -> Unavailable | None:
        """Why events are being refused right now, or None."""
        return self._trouble

    @property
    def is_writing(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def note_loaded(self, seq: int) -> None:
        """The loader stored everything up to `seq`."""
        if seq != self._loaded_seq:
            self._end.note_stored(seq)
        self._loaded_seq = seq

    def lag_events(self) -> int:
        """Events received and not yet loaded; 0 where no loader runs beside this collector."""
        return 0 if self._loaded_seq is None else max(0, self.last_seq() - self._loaded_seq)


def _refusal_for(error: sqlite.Error) -> Unavailable:
    if "full" in str(error) or "disk I/O" in str(error):
        return Unavailable("disk", "The collector's disk is full. Nothing was stored; send this again later.", 30)
    return Unavailable("commit", f"The collector could not store this ({error}). Send it again in a moment.", 5)


def _settle(loop: asyncio.AbstractEventLoop | None, waiters: list[Settle], failure: Unavailable | None) -> None:
    def tell() -> None:
        for settle in waiters:
            try:
                settle(failure)
            except Exception:  # one sender's trouble must not keep the others waiting for ever
                log.exception("The answer to a request could not be given")

    if loop is not None and not loop.is_closed():
        loop.call_soon_threadsafe(tell)
