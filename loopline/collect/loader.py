"""The loader: takes the inbox through the steps into the event store, exactly once.

    read the store's cursor → fix the bounds of the next stretch → run the steps → write rows and cursor together
    → remember the outcome

Killed between any two of these, it begins again from the store's cursor and does the same stretch with the same
bounds, rows and token; a store that already has the token changes nothing.

While much waits, the steps of the next stretch run during the write. Its bounds are fixed before, it counts on this
stretch as prepared, and it is thrown away should the store not have exactly that by then.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pysqlite3 import dbapi2 as sqlite

from loopline.collect.inbox import Inbox
from loopline.collect.preparer_process import PreparerError
from loopline.collect.settings import Settings
from loopline.collect.state import State
from loopline.collect.stretch import Bounds, Preparer, PreparerHere
from loopline.store.engine import Batch, Engine, StoreError

log = logging.getLogger(__name__)

CURSOR = "events"


class LoaderError(RuntimeError):
    """The inbox and the event store do not belong together; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Pace:
    max_events: int = 20_000
    """Most events in one stretch: bounds memory and the time until they are seen in reports."""
    pause_s: float = 0.2
    """Rest when little waits: a larger stretch is cheaper for the store."""
    retry_s: float = 2.0
    """Rest after the store failed."""
    tidy_s: float = 3600.0
    """Time between archiving runs."""
    forget_s: float = 60.0
    """Time between runs that take addresses of stored events out of the inbox."""


class Loader:
    def __init__(
        self,
        inbox: Inbox,
        engine: Engine,
        state: State,
        *,
        settings: Callable[[], Settings] = Settings,
        preparer: Preparer | None = None,
        pace: Pace | None = None,
        cursor: str = CURSOR,
        is_history: bool = False,
    ) -> None:
        """`preparer` runs the steps, by default here; a server that also answers requests uses PreparerProcess.

        `cursor` names this inbox's position in the store; each collector of a cluster has its own. `is_history`
        records each event as learned when it was received: only for a past that is simulated.
        """
        self._inbox = inbox
        self._engine = engine
        self._settings = settings
        self._preparer = preparer or PreparerHere(inbox, state, is_history=is_history)
        self._pace = pace or Pace()
        self._cursor = cursor

    def load_once(self) -> int:
        """Load the next stretch. Returns how many events it held; 0 when there are none.

        Raises StoreError or PreparerError when it could not: nothing was lost, call again later.
        Raises LoaderError when the store has events this inbox never received.
        """
        done = self._engine.cursor(self._cursor)
        bounds = self._next_bounds(done, stored=done)
        if bounds is None:
            self.refuse_other_inbox()
            self._inbox.note_loaded(done)
            return 0
        rows = self._preparer.prepare(bounds, self._settings())
        token = f"{self._cursor}:{self._inbox.id}:{bounds.first_seq}-{bounds.last_seq}"
        tables = {"events": rows} if rows.num_rows else {}
        self._begin_next(bounds, stored=done)
        self._engine.write(Batch(token, tables, {self._cursor: bounds.last_seq}))
        self._preparer.remember(bounds)
        self._inbox.note_loaded(bounds.last_seq)
        return bounds.last_seq - bounds.first_seq + 1

    def load_all(self) -> int:
        """Load until nothing waits. Returns how many events that were."""
        total = 0
        while count := self.load_once():
            total += count
        return total

    def run(self, stop: threading.Event) -> None:
        """Load until `stop` is set. What fails is tried again; events wait in the inbox meanwhile."""
        next_tidy = time.monotonic() + self._pace.tidy_s
        next_forgetting = time.monotonic()
        done = -1
        while not stop.is_set():
            try:
                # Nothing new came: the store need not be asked five times a second how far it is.
                count = 0 if (last := self._inbox.last_seq()) == done else self.load_once()
                done = -1 if count else last
                if time.monotonic() >= next_tidy and not count:
                    next_tidy = time.monotonic() + self._pace.tidy_s
                    self._preparer.tidy(self._settings())
                if time.monotonic() >= next_forgetting and not count:
                    next_forgetting = time.monotonic() + self._pace.forget_s
                    self._preparer.forget_addresses(self._settings())
            except (StoreError, PreparerError, sqlite.Error) as error:
                log.error("The loader could not store events and will try again: %s", error)
                stop.wait(self._pace.retry_s)
                continue
            if count < self._pace.max_events // 2:
                stop.wait(self._pace.pause_s)
        self._preparer.close()

    def _begin_next(self, bounds: Bounds, *, stored: int) -> None:
        # A short stretch can wait: by the time these rows are stored it has grown.
        if self._inbox.last_seq() - bounds.last_seq < self._pace.max_events // 2:
            return
        if (ahead := self._next_bounds(bounds.last_seq, stored=stored)) is not None:
            self._preparer.begin(ahead, self._settings())

    def _next_bounds(self, after: int, *, stored: int) -> Bounds | None:
        """The stretch behind `after`: the one begun before, if there is one; else a new one, its bounds fixed first."""
        end = self._inbox.pinned_end(after + 1)
        if end is None:
            end = self._inbox.end_of_stretch(after, self._pace.max_events)
            if end is None:
                return None
            self._inbox.pin(after + 1, end, stored)
        return Bounds(after + 1, end)

    def refuse_other_inbox(self) -> None:
        """Raises LoaderError when the store has events this inbox never received.

        To be asked before events are taken: they would get numbers that the store has already, and never be loaded.
        """
        done = self._engine.cursor(self._cursor)
        if done > (last := self._inbox.last_seq()):
            raise LoaderError(
                f"The event store holds events up to number {done}, but this inbox ends at {last}: the inbox was "
                f"replaced. Restore {self._inbox.path.name} from the backup, or start with an empty event store."
            )
