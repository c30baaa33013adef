"""Preparing one stretch of the inbox for the event store, and remembering it once it is stored."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import pyarrow as pa

from loopline.collect.addresses import forget_addresses, placed, without_address
from loopline.collect.archive import tidy
from loopline.collect.damage import REASON as DAMAGED
from loopline.collect.forgotten_places import Finder, agreed_in, consent_in
from loopline.collect.log import Block, Log
from loopline.collect.rewriting import rewriting
from loopline.collect.rows import event_rows, signals_of
from loopline.collect.settings import Settings
from loopline.collect.state import RECEIVED, Outcome, QuarantineRow, State, StateAhead, Tally
from loopline.collect.steps import run_steps
from loopline.collect.work import Quarantined, Work
from loopline.lib.times import utc_now

log = logging.getLogger(__name__)

_CATCH_UP_EVENTS = 5_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """Events `first_seq` to `last_seq`, both included: the next that the event store does not have."""

    first_seq: int
    last_seq: int


class Preparer(Protocol):
    """Runs the steps, in this process or in one of its own."""

    def prepare(self, bounds: Bounds, settings: Settings) -> pa.Table:
        """The rows of `events` for this stretch. The store holds everything before it."""

    def begin(self, bounds: Bounds, settings: Settings) -> None:
        """Prepare, while the rows just prepared are being stored, the stretch behind them if that can be done.

        Only a hint: `prepare` has the last word, and nothing is remembered before it is stored.
        """

    def remember(self, bounds: Bounds) -> None:
        """The rows of this stretch are stored: keep duplicates, sessions, counts, quarantine and signals."""

    def tidy(self, settings: Settings) -> None:
        """Archive closed days and forget what is old; may take a while."""

    def forget_addresses(self, settings: Settings) -> None:
        """Take the addresses of what is stored out of the inbox; what the settings look up of them stays."""

    def close(self) -> None: ...


class PreparerHere:
    """Prepares in this process and thread.

    `is_history` records each event as learned when it was received: only for a past that is simulated.
    """

    def __init__(self, log: Log, state: State, *, is_history: bool = False) -> None:
        self._log = log
        self._state = state
        self._is_history = is_history
        self._waiting: list[Outcome] = []
        """What was prepared and is not known to be stored, without gaps; the first follows on the state."""

    def prepare(self, bounds: Bounds, settings: Settings) -> pa.Table:
        self._waiting = []
        self._catch_up(bounds.first_seq - 1, settings)
        return self._prepare(bounds, settings)

    def begin(self, bounds: Bounds, settings: Settings) -> None:
        """Nothing: this thread is the one that stores."""

    def prepare_ahead(self, bounds: Bounds, settings: Settings) -> pa.Table | None:
        """The rows of the stretch behind the one prepared last, which may not be stored yet; None for any other."""
        if not self._waiting or self._waiting[-1].last_seq != bounds.first_seq - 1:
            return None
        return self._prepare(bounds, settings)

    def remember(self, bounds: Bounds) -> None:
        # What is not waiting here comes out the same when the next stretch catches up.
        while self._waiting and self._waiting[0].last_seq <= bounds.last_seq:
            self._state.commit(self._waiting.pop(0))

    def tidy(self, settings: Settings) -> None:
        self.forget_addresses(settings)  # the archive keeps what was looked up, and no address
        with rewriting(self._log.folder):
            tidy(self._log, self._state, utc_now())

    def forget_addresses(self, settings: Settings) -> None:
        forget_addresses(self._log, self._state.position(), settings)

    def close(self) -> None: ...

    def _prepare(self, bounds: Bounds, settings: Settings) -> pa.Table:
        outcome, rows = self._run(bounds, settings)
        self._waiting.append(outcome)
        return rows

    def _run(self, bounds: Bounds, settings: Settings) -> tuple[Outcome, pa.Table]:
        """Take a stretch through the steps. A request that makes a step fail must not hold up all that follow."""
        blocks = self._log.read(bounds.first_seq - 1, bounds.last_seq)
        state = StateAhead(self._state, self._waiting) if self._waiting else self._state
        try:
            return self._attempt(Work(blocks, state, settings), bounds)
        except Exception:  # whatever it is: the quarantine keeps the request, the log keeps the error
            log.exception("A step failed between events %s and %s", bounds.first_seq, bounds.last_seq)
            poisoned = frozenset(self._poisoned(blocks, state, settings))
            return self._attempt(Work(blocks, state, settings, poisoned=poisoned), bounds)

    def _attempt(self, work: Work, bounds: Bounds) -> tuple[Outcome, pa.Table]:
        run_steps(work)
        return outcome_of(work, bounds), event_rows(work.items, is_history=self._is_history)

    def _poisoned(self, blocks: Sequence[Block], state: State | StateAhead, settings: Settings) -> Iterator[int]:
        """First numbers of the requests that fail by themselves."""
        for block in blocks:
            last = block.first_seq - 1
            for request in block.requests:
                last += request.events
                alone = Block(last, request.events, block.committed_us, [request])
                try:
                    self._attempt(Work([alone], state, settings), Bounds(alone.first_seq, last))
                except Exception:  # the same again
                    log.exception("Events %s to %s are set aside", alone.first_seq, last)
                    yield alone.first_seq

    def _catch_up(self, done: int, settings: Settings) -> None:
        """Bring the state to where the store is, see `state.py`: forward by doing the steps again, or back."""
        position = self._state.position()
        if position > done:
            self._state.rewind(done)
        while position < done:
            end = self._log.end_of_stretch(position, _CATCH_UP_EVENTS, done)
            if end is None:
                self._state.skip_to(done)
                return
            missed = Bounds(position + 1, end)
            self._state.commit(self._run(missed, settings)[0])
            position = end


def outcome_of(work: Work, bounds: Bounds) -> Outcome:
    finder = Finder(work.settings) if work.quarantined else None
    return Outcome(
        first_seq=bounds.first_seq,
        last_seq=bounds.last_seq,
        tally=_tally(work, bounds),
        quarantined=[_quarantine_row(one, finder) for one in work.quarantined] if finder else [],
        ids=[item.known_as for item in work.items if item.known_as is not None],
        sessions=work.session_changes,
        signals=signals_of(work.items),
    )


def _tally(work: Work, bounds: Bounds) -> Tally:
    """What came of each source's events. What came is counted by itself, so that one lost on the way would show."""
    tally: Counter[tuple[str, str, str]] = Counter()
    if missing := bounds.last_seq - bounds.first_seq + 1 - sum(block.events for block in work.blocks):
        # Acknowledged, and not to be read any more: nobody knows whose they were.
        tally["", RECEIVED, ""] = tally["", "dropped", DAMAGED] = missing
    for block in work.blocks:
        for request in block.requests:
            tally[request.source_id, RECEIVED, ""] += request.events
    for source_id, events in Counter(item.request.source_id for item in work.items).items():
        tally[source_id, "stored", ""] = events
    for (source_id, reason), events in work.dropped.items():
        tally[source_id, "dropped", reason] = events
    for one in work.quarantined:
        tally[one.item.request.source_id, "quarantined", one.reason] += 1
    return tally


def _quarantine_row(one: Quarantined, finder: Finder) -> QuarantineRow:
    """The address is kept only as long as the inbox keeps it, nowhere else; what is looked up of it goes along, so that
    the event has its place when it is replayed."""
    item = one.item
    agreed = agreed_in(item.request)
    of_batch = None if item.envelope is None or item.envelope.context is None else item.envelope.context.consent

    def tell(address: object, consent: object) -> str:
        return finder.tell(address, keeps_network=agreed.keeps_networks(consent))

    said = consent_in(bytes(item.raw))
    request = placed(item.request, finder, keeps_network=agreed.keeps_networks(of_batch if said is None else said))
    envelope = without_address(msgspec.json.encode(item.envelope), tell) if item.envelope else b""
    raw = without_address(bytes(item.raw), tell, of_batch)
    encoded = msgspec.msgpack.encode(msgspec.structs.replace(request, body=b"", events=1))
    return QuarantineRow(item.seq, one.step, one.reason, one.detail[:500], raw, envelope, encoded)
