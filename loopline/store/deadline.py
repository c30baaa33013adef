"""A time limit for a statement: a watchdog that interrupts it, and never the one after it."""

import threading
from collections.abc import Callable
from types import TracebackType


class Deadline:
    """`with Deadline(seconds, interrupt) as deadline:` calls `interrupt` once if the block takes longer.

    Afterwards `has_passed` tells whether it did. The lock closes the gap in which the watchdog wakes up just as the
    block ends.
    """

    def __init__(self, seconds: float, interrupt: Callable[[], None]) -> None:
        self.has_passed = False
        self._interrupt = interrupt
        self._lock = threading.Lock()
        self._is_over = False
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def _pass(self) -> None:
        with self._lock:
            if not self._is_over:
                self.has_passed = True
                self._interrupt()

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._is_over = True
        self._timer.cancel()
