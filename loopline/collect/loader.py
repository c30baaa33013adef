"""The loader: takes the inbox through the steps into the event store, exactly once.

    read the store's cursor → fix the bounds of the next stretch → run the steps → write rows and cursor together
    → remember the outcome

Killed between any two of these, it begins again from the store's cursor and does the same stretch with the same
bounds, rows and token; a store that already has the token changes nothing.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from pysqlite3 import dbapi2 as sqlite

from loopline.collect.inbox import Block, Inbox
from loopline.collect.rows import event_rows, signals_of
from loopline.collect.state import Outcome, QuarantineRow, State
from loopline.collect.steps import run_steps
from loopline.collect.work import Quarantined, Settings, Work
from loopline.store.engine import Batch, Engine, StoreError

log = logging.getLogger(__name__)

CURSOR = "events"


class LoaderError(RuntimeError):
    """The inbox and the event store do not belong together; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the loader shares the interpreter with the collector and the pages."""

    max_events: int = 5_000
    """Most events in one stretch: bounds memory and how long the interpreter is held at a time."""
    pause_s: float = 0.2
    """Rest when there is nothing to do."""
    retry_s: float = 2.0
    """Rest after the store failed."""


class Loader:
    def __init__(
        self,
        inbox: Inbox,
        engine: Engine,
        state: State,
        *,
        settings: Callable[[], Settings] = Settings,
        pace: Pace | None = None,
        cursor: str = CURSOR,
        is_history: bool = False,
    ) -> None:
        """`cursor` names this inbox's position in the store; each collector of a cluster has its own.

        `is_history` records each event as learned when it was received: only for a past that is simulated.
        """
        self._inbox = inbox
        self._engine = engine
        self._state = state
        self._settings = settings
        self._pace = pace or Pace()
        self._cursor = cursor
        self._is_history = is_history
        self._is_in_step = False

    def load_once(self) -> int:
        """Load the next stretch. Returns how many events it held; 0 when there are none.

        Raises StoreError when the store could not write: nothing was lost, call again later.
        Raises LoaderError when the store has events this inbox never received.
        """
        done = self._engine.cursor(self._cursor)
        if not self._is_in_step:
            self._catch_up(done)
        blocks = self._next_blocks(done)
        if not blocks:
            self._inbox.note_loaded(done)
            return 0
        work = run_steps(Work(blocks, self._state, self._settings()))
        rows = {"events": event_rows(work.items, is_history=self._is_history)} if work.items else {}
        token = f"{self._cursor}:{self._inbox.id}:{work.first_seq}-{work.last_seq}"
        self._is_in_step = False
        self._engine.write(Batch(token, rows, {self._cursor: work.last_seq}))
        self._state.commit(_outcome(work))
        self._is_in_step = True
        self._inbox.unpin(work.last_seq)
        self._inbox.note_loaded(work.last_seq)
        return work.last_seq - work.first_seq + 1

    def load_all(self) -> int:
        """Load until nothing waits. Returns how many events that were."""
        total = 0
        while count := self.load_once():
            total += count
        return total

    def run(self, stop: threading.Event) -> None:
        """Load until `stop` is set. A store that fails is tried again; events wait in the inbox meanwhile."""
        while not stop.is_set():
            try:
                count = self.load_once()
            except (StoreError, sqlite.Error) as error:
                log.error("The loader could not store events and will try again: %s", error)
                stop.wait(self._pace.retry_s)
                continue
            if count < self._pace.max_events // 2:
                stop.wait(self._pace.pause_s)
            else:
                time.sleep(0)

    def _catch_up(self, done: int) -> None:
        """Bring the state to where the store is (see `state.py`)."""
        if done > self._inbox.last_seq():
            raise LoaderError(
                f"The event store holds events up to number {done}, but this inbox ends at {self._inbox.last_seq()}: "
                f"the inbox was replaced. Restore {self._inbox.path.name}, or start with an empty event store."
            )
        position = self._state.position()
        if position > done:
            self._state.rewind(done)
        while position < done:
            blocks = self._inbox.read(position, self._pace.max_events, done)
            if not blocks:
                self._state.skip_to(done)
                break
            self._state.commit(_outcome(run_steps(Work(blocks, self._state, self._settings()))))
            position = blocks[-1].seq
        self._is_in_step = True

    def _next_blocks(self, done: int) -> list[Block]:
        """The next stretch: the one begun before, if there is one; else a new one, its bounds fixed before use."""
        pinned = self._inbox.pinned_end(done + 1)
        if pinned is not None:
            return self._inbox.read(done, 1 << 62, pinned)
        blocks = self._inbox.read(done, self._pace.max_events)
        if blocks:
            self._inbox.pin(done + 1, blocks[-1].seq)
        return blocks


def _outcome(work: Work) -> Outcome:
    return Outcome(
        last_seq=work.last_seq,
        stored=len(work.items),
        dropped=work.dropped,
        quarantined=[_quarantine_row(one) for one in work.quarantined],
        seen=[(*item.digest, item.seq) for item in work.items if item.digest],
        sessions=work.session_changes,
        signals=signals_of(work.items),
    )


def _quarantine_row(one: Quarantined) -> QuarantineRow:
    item = one.item
    # The address is kept only as long as the inbox keeps it.
    request = msgspec.structs.replace(item.request, body=b"", ip="", events=1)
    envelope = msgspec.json.encode(item.envelope) if item.envelope else b""
    encoded = msgspec.msgpack.encode(request)
    return QuarantineRow(item.seq, one.step, one.reason, one.detail[:500], bytes(item.raw), envelope, encoded)
