"""The one moment that all of a page with many reports is as of: now, or a little ago where answering takes long.

The books of a busy site have another moment with each batch, several a second: reports that are asked one after the
other would each be as of another one, and nothing that was worked out a second ago would be found again. So a moment
that took long to answer is taken again for a while, as long as its results are kept. Whoever shows it says it.
"""

import time
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from weakref import WeakKeyDictionary

from loopline.reports.kept import FRESH_S
from loopline.store.engine import Engine

LONG_S = 1.0
"""An answer that took less is worked out anew each time."""
TIMES = 20
"""A moment is taken for so many times as long as its answer took: a twentieth of the time at most goes to answering."""


@dataclass(frozen=True, slots=True)
class Recent:
    at: datetime
    is_now: bool
    """Nothing is known that it leaves out."""
    began: float
    """When answering began, by the process's own clock."""
    erasures: int


_lock = Lock()
_by_engine: WeakKeyDictionary[Engine, tuple[Recent, float]] = WeakKeyDictionary()
"""The last moment that took long to answer, and until when it is taken again."""


def recent_moment(engine: Engine, *, now: bool = False) -> Recent:
    """The moment to answer as of. An erasure ends the time of a moment at once. Raises StoreError.

    `now`: the latest, whatever was answered before.
    """
    asked = Recent(engine.horizon(), is_now=True, began=time.monotonic(), erasures=engine.erasures())
    with _lock:
        last, until = _by_engine.get(engine, (asked, 0.0))
    if now or asked.began >= until or last.erasures != asked.erasures:
        return asked
    return replace(asked, at=last.at, is_now=last.at == asked.at)


def answered(engine: Engine, moment: Recent) -> None:
    """Everything as of it is worked out: what that took says for how long it is taken again. One that was taken again
    keeps its end, or it would never pass where even an answer from what is kept takes long."""
    took = time.monotonic() - moment.began
    if took >= LONG_S and moment.is_now:
        with _lock:
            _by_engine[engine] = moment, moment.began + min(TIMES * took, FRESH_S)
