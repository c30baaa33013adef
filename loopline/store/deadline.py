"""A time limit for statements: a watchdog that interrupts them, and never the one after them.

One thread watches all statements of the process. It sleeps until the nearest deadline, so a statement that is in time
costs no thread and wakes nobody up.
"""

import logging
import math
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType

AGAIN_S = 0.1
log = logging.getLogger(__name__)


class Deadline:
    """`with Deadline(seconds, interrupt) as deadline:` calls `interrupt` if the block takes longer, and again until it
    ends: one that comes between two statements stops neither.

    Afterwards `has_passed` tells whether it did. The lock closes the gap in which the watchdog wakes up just as the
    block ends: then the block ends after it has been interrupted, or it is not interrupted any more.
    """

    def __init__(self, seconds: float, interrupt: Callable[[], None]) -> None:
        self.has_passed = False
        self.at = math.inf
        self._seconds = seconds
        self._interrupt = interrupt
        self._lock = threading.Lock()
        self._is_over = False

    def pass_by(self) -> bool:
        """For the watchdog, once it is late. False where the block has ended."""
        with self._lock:
            if self._is_over:
                return False
            self.has_passed = True
            self.at = time.monotonic() + AGAIN_S
            try:
                self._interrupt()
            except Exception:  # whatever it is: the watchdog has others to look after
                log.exception("A statement that took too long could not be interrupted.")
            return True

    def __enter__(self) -> "Deadline":
        self.at = time.monotonic() + self._seconds
        _watchdog.watch(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._is_over = True
        _watchdog.forget(self)


class _Watchdog:
    def __init__(self) -> None:
        self._running: set[Deadline] = set()
        self._is_nearer = threading.Condition(threading.Lock())
        self._wakes_at = math.inf
        self._is_awake = False

    def watch(self, deadline: Deadline) -> None:
        with self._is_nearer:
            if not self._is_awake:
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
                self._is_awake = True
            self._running.add(deadline)
            if deadline.at < self._wakes_at:
                self._wakes_at = deadline.at
                self._is_nearer.notify()

    def forget(self, deadline: Deadline) -> None:
        """The thread sleeps on until its moment comes: to wake it up for each statement is what would be dear."""
        with self._is_nearer:
            self._running.discard(deadline)

    def _run(self) -> None:
        while True:
            self._let_pass()
            with self._is_nearer:
                self._wakes_at = min((one.at for one in self._running), default=math.inf)
                if (left := self._wakes_at - time.monotonic()) > 0:
                    self._is_nearer.wait(None if left == math.inf else min(left, threading.TIMEOUT_MAX))

    def _let_pass(self) -> None:
        with self._is_nearer:
            now = time.monotonic()
            late = [one for one in self._running if one.at <= now]
        ended = [one for one in late if not one.pass_by()]
        with self._is_nearer:
            self._running.difference_update(ended)


_watchdog = _Watchdog()


def _after_fork() -> None:
    """The child has neither the thread nor the statements of the others, and a lock that nobody there gives back."""
    global _watchdog
    _watchdog = _Watchdog()


os.register_at_fork(after_in_child=_after_fork)
