"""Results that were worked out before. The books as of a moment never change, so neither does a report as of it.

Erasing people is the one thing that reaches into the past: whatever was worked out before an erasure, by this or by
another process, is forgotten with it.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from loopline.reports.options import Scope
from loopline.store.engine import Engine

MOST = 64
FRESH_S = 300.0

Result = TypeVar("Result")
_Kept = OrderedDict[Hashable, tuple[float, object, int]]
"""What was asked → when it was worked out, the result, and how many erasures there had been."""
_lock = Lock()
_by_engine: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()


def kept_or(engine: Engine, report: Hashable, scope: Scope, work_out: Callable[[], Result]) -> Result:
    """The result of this report for this scope: the one kept, else what `work_out` gives, which is kept then.

    `report` names all that the result depends on beside the scope. A result is shared: who gets it only reads it.
    """
    # Asked before the work: what is worked out while somebody is erased does not outlive the erasure.
    erasures = engine.erasures()
    key = _key(report, scope)
    now = time.monotonic()
    with _lock:
        kept = _by_engine.setdefault(engine, OrderedDict())
        for stale in [one for one, (_, _, before) in kept.items() if before < erasures]:
            del kept[stale]
        found = kept.get(key)
        if found is not None and now - found[0] < FRESH_S:
            kept.move_to_end(key)
            return cast(Result, found[1])
    result = work_out()
    with _lock:
        kept[key] = (now, result, erasures)
        kept.move_to_end(key)
        while len(kept) > MOST:
            kept.popitem(last=False)
    return result


def is_kept(engine: Engine, report: Hashable, scope: Scope) -> bool:
    """Whether `kept_or` would answer this at once."""
    with _lock:
        found = _by_engine.get(engine, OrderedDict()).get(_key(report, scope))
    return found is not None and time.monotonic() - found[0] < FRESH_S and found[2] >= engine.erasures()


def _key(report: Hashable, scope: Scope) -> Hashable:
    """Everything a result depends on."""
    books = scope.books
    return (
        report, scope.options, scope.first, scope.last, scope.as_of, books.currency, books.zone,
        frozenset(books.units.items()), frozenset(books.margins.items()), books.sees_all_units,
        frozenset(books.colleagues.items()),
    )  # fmt: skip
