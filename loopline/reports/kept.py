"""Results that were worked out before. The books as of a moment never change, so neither does a report as of it.

Only for a few minutes: erasing people is the one thing that reaches into the past.
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
_Kept = OrderedDict[Hashable, tuple[float, object]]
_lock = Lock()
_by_engine: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()


def kept_or(engine: Engine, report: Hashable, scope: Scope, work_out: Callable[[], Result]) -> Result:
    """The result of this report for this scope: the one kept, else what `work_out` gives, which is kept then.

    `report` names all that the result depends on beside the scope. A result is shared: who gets it only reads it.
    """
    key = _key(report, scope)
    now = time.monotonic()
    with _lock:
        kept = _by_engine.setdefault(engine, OrderedDict())
        found = kept.get(key)
        if found is not None and now - found[0] < FRESH_S:
            kept.move_to_end(key)
            return cast(Result, found[1])
    result = work_out()
    with _lock:
        kept[key] = (now, result)
        kept.move_to_end(key)
        while len(kept) > MOST:
            kept.popitem(last=False)
    return result


def _key(report: Hashable, scope: Scope) -> Hashable:
    """Everything a result depends on."""
    books = scope.books
    return (
        report, scope.options, scope.first, scope.last, scope.as_of, books.currency, books.zone,
        frozenset(books.units.items()), frozenset(books.margins.items()), books.sees_all_units,
        frozenset(books.colleagues.items()),
    )  # fmt: skip
