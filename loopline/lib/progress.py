"""How far long work has come, for whoever looks on.

Work names what it is doing and says what share of that is done. It need not know who looks on; where nobody does, that
costs nothing.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str, float], None]
"""What is being done, and the share of it that is done, from 0 to 1. It may be called from any thread."""
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
ASKED_AGAIN_S = 0.1


@contextmanager
def told_to(listener: Listener | None) -> Iterator[None]:
    """Whatever is done meanwhile in this thread is told to the listener; None: to nobody."""
    before = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(before)


def doing(what: str) -> Callable[[float], None]:
    """Call the answer, from any thread, with the share that is done."""
    listener = _listener.get()
    if listener is None:
        return lambda _share: None
    listener(what, 0.0)
    return lambda share: listener(what, share)


@contextmanager
def followed(what: str, ask: Callable[[], float | None]) -> Iterator[None]:
    """Work that only others can ask about: `ask` answers the share that is done, or None where it cannot say."""
    if _listener.get() is None:
        yield
        return
    tell, is_over = doing(what), threading.Event()

    def follow() -> None:
        while not is_over.wait(ASKED_AGAIN_S):
            share = ask()
            if share is not None:
                tell(share)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
