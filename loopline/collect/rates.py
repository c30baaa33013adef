"""How many events a second each write key may send."""

import time
from collections.abc import Callable

from loopline.collect.keys import WriteKey
from loopline.lib.buckets import Buckets

_BURST_S = 10
"""A key that was quiet may send what it is allowed in ten seconds at once."""


class Rates:
    """`clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = Buckets(clock)

    def take(self, key: WriteKey, events: int) -> int:
        """Count `events` against the key. 0 when they may come; otherwise seconds to wait, and nothing is counted."""
        if not key.max_events_per_s:
            return 0
        return self._buckets.take(key.id, events, rate=key.max_events_per_s, burst_s=_BURST_S)
