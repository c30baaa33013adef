"""How much each of many may take in a time: one bucket each, in memory. A restart fills them all."""

import math
import time
from collections.abc import Callable

_MOST = 20_000
"""Buckets kept; whoever was quiet long enough to have a full one is forgotten first."""


class Buckets:
    """`clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}
        """Key → (what it may still take, when that was); the one asked for last stands last."""

    def take(self, key: str, amount: int, *, rate: float, burst_s: float) -> int:
        """Count `amount` against the key, which may take `rate` a second, and what `burst_s` seconds give at once.

        0 when it may; otherwise seconds to wait, and nothing is counted. A bucket that is not empty lets the whole
        amount through and owes the rest, so that none is too large.
        """
        now = self._clock()
        level = self._level(key, now, rate, burst_s)
        is_empty = level <= 0
        self._levels.pop(key, None)
        self._levels[key] = level - (0 if is_empty else amount), now
        if len(self._levels) > _MOST:
            del self._levels[next(iter(self._levels))]
        return max(1, math.ceil(-level / rate)) if is_empty else 0

    def level(self, key: str, *, rate: float, burst_s: float) -> float:
        """What the key may still take now; nothing is counted. 0 or less: it has to wait."""
        return self._level(key, self._clock(), rate, burst_s)

    def _level(self, key: str, now: float, rate: float, burst_s: float) -> float:
        level, at = self._levels.get(key, (rate * burst_s, now))
        return min(rate * burst_s, level + (now - at) * rate)
