"""The live line of a huddle: server-sent events that say “something changed”, and nothing else.

What changed the screen asks for itself, with its own permissions, so the line carries nothing that somebody may not
see. Changes in this process ring at once; those of another process are found with the next heartbeat.
"""

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from threading import Lock

HEARTBEAT_S = 20.0
"""Proxies close what is silent for a minute."""
LASTS_S = 600.0
"""Then the line ends and the browser comes back, which asks anew whether this person may listen."""
MOST_A_USER = 6
MOST = 400
RETRY_MS = 2_000


class TooManyStreamsError(RuntimeError):
    """This person, or this server, has as many lines open as there may be."""


@dataclass(eq=False, slots=True)
class Line:
    """One browser that listens."""

    huddle_id: str
    user_id: str
    until: float
    loop: asyncio.AbstractEventLoop | None = None
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    revision: int = 0

    def ring(self, revision: int) -> None:
        """From any thread."""
        self.revision = max(self.revision, revision)
        if self.loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop of a line that just ended is closed
                self.loop.call_soon_threadsafe(self.bell.set)


class Streams:
    """All lines of this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lines: dict[str, set[Line]] = defaultdict(set)
        self._is_ended = False

    def reserve(self, huddle_id: str, user_id: str) -> Line:
        """A place for one more line. Raises TooManyStreamsError. One that is never used is free again by itself."""
        now = time.monotonic()
        with self._lock:
            for lines in self._lines.values():
                lines -= {line for line in lines if line.until < now}
            everyone = [line for lines in self._lines.values() for line in lines]
            if len(everyone) >= MOST or sum(line.user_id == user_id for line in everyone) >= MOST_A_USER:
                raise TooManyStreamsError("Too many windows are open on this huddle. Close some and reload.")
            line = Line(huddle_id, user_id, now + LASTS_S + HEARTBEAT_S)
            self._lines[huddle_id].add(line)
        return line

    def ring(self, huddle_id: str, revision: int) -> None:
        with self._lock:
            lines = list(self._lines.get(huddle_id, ()))
        for line in lines:
            line.ring(revision)

    def count(self, huddle_id: str) -> int:
        """How many listen."""
        with self._lock:
            return len(self._lines.get(huddle_id, ()))

    def end_all(self) -> None:
        """The server stops: every line ends, so that nobody waits for it."""
        with self._lock:
            self._is_ended = True
            lines = [line for lines in self._lines.values() for line in lines]
        for line in lines:
            line.ring(0)

    async def follow(self, line: Line, seen: int, read_revision: Callable[[], int]) -> AsyncIterator[bytes]:
        """What goes over the line: an event whenever the huddle is at another revision than was `seen`.

        `read_revision` asks the records; it runs in a thread, so that the event loop is never held up.
        """
        line.loop, ends_at = asyncio.get_running_loop(), time.monotonic() + LASTS_S
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            line.revision = max(line.revision, await asyncio.to_thread(read_revision))
            while not self._is_ended and time.monotonic() < ends_at:
                line.bell.clear()
                if line.revision != seen:
                    seen = line.revision
                    yield event(seen)
                try:
                    await asyncio.wait_for(line.bell.wait(), HEARTBEAT_S)
                except TimeoutError:
                    yield b": still here\n\n"
                    line.revision = max(line.revision, await asyncio.to_thread(read_revision))
        finally:
            with self._lock:
                self._lines[line.huddle_id].discard(line)


def event(revision: int) -> bytes:
    return f"id: {revision}\nevent: changed\ndata: {json.dumps({'revision': revision})}\n\n".encode()


STREAMS = Streams()
