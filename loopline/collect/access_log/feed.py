"""Page events into the inbox, no faster than they can be loaded: the trackers of today must not wait for the past."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from pysqlite3 import dbapi2 as sqlite

from loopline.collect.access_log.reading import AccessLogs
from loopline.collect.inbox import Limits
from loopline.collect.log import Log
from loopline.collect.request import Flag, Request
from loopline.collect.state import State

_REQUEST_EVENTS = 1_000
_BLOCK_REQUESTS = 5
MOST_WAITING = 1_000_000
"""Events in the inbox that wait to be loaded, above which an import rests: a fifth of where the collector refuses."""
_LOOK_S = 0.2
_PATIENCE_S = 60.0


class FeedStoppedError(RuntimeError):
    """The inbox takes no more; what went in before stays, and running the import again goes on. Says what to do."""


class Feed:
    """Collects page events and puts them into the inbox in `folder`, durably, some thousand with each commit."""

    def __init__(self, folder: Path, asked: AccessLogs, *, most_waiting: int = MOST_WAITING) -> None:
        self._folder = folder
        self._asked = asked
        self._most_waiting = most_waiting
        self._log, self._state = Log(folder), State(folder)
        self._events: list[dict[str, object]] = []
        self._requests: list[Request] = []

    def add(self, event: dict[str, object]) -> None:
        """Raises FeedStoppedError."""
        self._events.append(event)
        if len(self._events) >= _REQUEST_EVENTS:
            self._pack()
            if len(self._requests) >= _BLOCK_REQUESTS:
                self.flush()

    def flush(self) -> None:
        """Everything added so far is on disk when this returns. Raises FeedStoppedError."""
        self._pack()
        if not self._requests:
            return
        self._check_room()
        self._wait()
        try:
            self._log.append_now(self._requests)
        except sqlite.Error as error:
            raise FeedStoppedError(f"The inbox could not be written ({error}). Run the import again later.") from error
        self._requests = []

    def close(self) -> None:
        self._log.close()
        self._state.close()

    def waiting(self) -> int:
        """Events received and not yet loaded."""
        return max(0, self._log.last_seq() - self._state.position())

    def _pack(self) -> None:
        if self._events:
            self._requests.append(_request(self._asked, self._events))
            self._events = []

    def _check_room(self) -> None:
        free, needed = shutil.disk_usage(self._folder).free, Limits().min_free_bytes
        if free < needed:
            raise FeedStoppedError(
                f"The disk has {free >> 20} MB free and needs {needed >> 20} MB. Make room and run the import again."
            )

    def _wait(self, now: Callable[[], float] = time.monotonic) -> None:
        waiting, since = self.waiting(), now()
        while waiting > self._most_waiting:
            time.sleep(_LOOK_S)
            before, waiting = waiting, self.waiting()
            if waiting < before:
                since = now()
            elif now() - since > _PATIENCE_S:
                raise FeedStoppedError(
                    f"{waiting:,} events wait to be loaded, and none was loaded for {_PATIENCE_S:.0f} seconds. "
                    "Start the server with `loopline serve` and run the import again; what is in is not doubled."
                )


def _request(asked: AccessLogs, events: list[dict[str, object]]) -> Request:
    """As if a browser without any consent had sent them: mode 1, so no identifier is kept."""
    return Request(
        events=len(events),
        received_us=time.time_ns() // 1000,
        source_id=asked.source_id,
        unit_id=asked.unit_id,
        source="browser",
        call="batch",
        body=msgspec.json.encode({"context": {"consent": 1}, "batch": events}),
        flags=Flag.WRITTEN_HERE,
    )
