"""How many events a second each write key may send."""

import math
import time
from collections.abc import Callable

from loopline.collect.keys import WriteKey

_BURST_S = 10
"""A key that was quiet may send what it is allowed in ten seconds at once."""


class Rates:
    """One bucket a key, in memory: a restart fills them all. `clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}
        """Key id → (events it may still send, when that was)."""

    def take(self, key: WriteKey, events: int) -> int:
        """Count `events` against the key. 0 when they may come; otherwise seconds to wait, and nothing is counted.

        A bucket that is not empty lets a whole request through and owes the rest, so that no batch is too large.
        """
        if not key.max_events_per_s:
            return 0
        now, rate = self._clock(), key.max_events_per_s
        level, at = self._levels.get(key.id, (rate * _BURST_S, now))
        level = min(rate * _BURST_S, level + (now - at) * rate)
        if level <= 0:
            self._levels[key.id] = level, now
            return max(1, math.ceil(-level / rate))
        self._levels[key.id] = level - events, now
        return 0
