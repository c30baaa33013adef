"""The threads beside the pages: each runs one part's loop, and none dies unseen."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import close_old_connections, connection

log = logging.getLogger(__name__)

RESTART_AFTER_S = 2.0
Loop = Callable[[threading.Event], None]
"""Works until the event is set."""


def every(seconds: float, work: Callable[[], object], *, rest: float = 0) -> Loop:
    """A loop that does `work`, rests, and does it again. An error is logged and the next turn comes all the same.

    `rest` is for work that may go on for long: the pause lasts at least so many times what the work took, because
    the event loop and the pages share the interpreter with it.
    """

    def loop(stop: threading.Event) -> None:
        while not stop.is_set():
            began = time.monotonic()
            try:
                work()
            except Exception:  # whatever one turn runs into, the next one is tried
                log.exception("A background task failed; it is tried again in %s s", seconds)
            finally:
                close_old_connections()
            stop.wait(max(seconds, rest * (time.monotonic() - began)))

    return loop


@dataclass(frozen=True, slots=True)
class Worker:
    name: str
    loop: Loop


class Crew:
    """Runs workers until told to stop. A worker that fails is started again; its work is where its cursor is."""

    def __init__(self, workers: list[Worker]) -> None:
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep_running, args=(one,), name=one.name, daemon=True) for one in workers
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = 20) -> None:
        """Ask all to stop and wait for them. What they did not finish they take up at the next start."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout_s)

    def _keep_running(self, worker: Worker) -> None:
        while not self._stop.is_set():
            try:
                worker.loop(self._stop)
            except Exception:  # a thread that ends unseen would be a part of the product that silently stopped
                log.exception("%s failed and starts again in %s s", worker.name, RESTART_AFTER_S)
                self._stop.wait(RESTART_AFTER_S)
            finally:
                connection.close()
