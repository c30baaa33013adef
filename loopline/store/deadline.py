"""A time limit for statements: a watchdog that interrupts them, and never the one after them."""

import threading
from collections.abc import Callable
from types import TracebackType

AGAIN_S = 0.1


class Deadline:
    """`with Deadline(seconds, interrupt) as deadline:` calls `interrupt` if the block takes longer, and again until it
    ends: one that comes between two statements stops neither.

    Afterwards `has_passed` tells whether it did. The lock closes the gap in which the watchdog wakes up just as the
    block ends.
    """

    def __init__(self, seconds: float, interrupt: Callable[[], None]) -> None:
        self.has_passed = False
        self._interrupt = interrupt
        self._lock = threading.Lock()
        self._is_over = False
        self._timer = self._timer_of(seconds)

    def _timer_of(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, self._pass)
        timer.daemon = True
        return timer

    def _pass(self) -> None:
        with self._lock:
            if self._is_over:
                return
            self.has_passed = True
            self._interrupt()
            self._timer = self._timer_of(AGAIN_S)
            self._timer.start()

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._is_over = True
            self._timer.cancel()
