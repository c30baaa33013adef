"""Refusals by Loopline's own parts that are not written down yet: a full disk or a flood must not cost an answer."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from loopline.collect.own import count_refused
from loopline.collect.refusals import Refused, added_up


class Uncounted:
    """`rest_s`: time between two writings, so that a flood of refusals is not one of writings. `clock` gives seconds
    that only grow.
    """

    def __init__(self, rest_s: float = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest_s, self._clock = rest_s, clock
        self._lock = threading.Lock()
        self._refused: Refused = {}
        self._next_at = 0.0

    def count(self, source_id: str, reason: str) -> None:
        with self._lock:
            self._refused = added_up(self._refused, {(source_id, reason): (1, 1)})

    def write(self, folder: Path) -> None:
        """Write down what waits, if it is time. What cannot be written now is with the next that can."""
        with self._lock:
            if not self._refused or self._clock() < self._next_at:
                return
            self._next_at = self._clock() + self._rest_s
            try:
                count_refused(folder, self._refused)
            except (sqlite.Error, OSError):
                return
            self._refused = {}
