"""The event store this process works with: one engine, opened once, shared by all threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from loopline.store.engine import Engine, StoreError

_lock = Lock()
_current: Engine | None = None


def use_engine(engine: Engine | None) -> None:
    """Make `engine` the one of this process (None takes it away). The caller keeps the duty to close it."""
    global _current
    with _lock:
        _current = engine


@contextmanager
def in_use(engine: Engine) -> Iterator[None]:
    """Make `engine` the one of this process for a while, then the one before again."""
    before = _current
    use_engine(engine)
    try:
        yield
    finally:
        use_engine(before)


def engine() -> Engine:
    """The engine of this process. Raises StoreError where none was opened."""
    if _current is None:
        raise StoreError("the event store is not open in this process; start `loopline serve`")
    return _current
