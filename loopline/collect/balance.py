"""The books of the collector: what came, and what became of it, by source and altogether.

The two sides are counted apart. What came is the last number of the log and the refusals at the door; what became of
it is what the loader counted as it took each event through the steps. An event that got lost between would show as a
difference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from loopline.collect.log import Log
from loopline.collect.refusals import Refused
from loopline.collect.state import RECEIVED, State, Tally

DUPLICATE = "duplicate"


@dataclass(slots=True)
class Account:
    """Events. `refused` were turned away at the door (see `refusals.py`), all others were acknowledged."""

    received: int = 0
    """Acknowledged: they were on disk before the sender was told."""
    stored: int = 0
    duplicates: int = 0
    left_out: int = 0
    set_aside: int = 0
    """Ever; one that is replayed comes in once more."""
    refused: int = 0
    waiting: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Why events were left out, set aside or refused."""

    @property
    def came(self) -> int:
        return self.received + self.refused

    @property
    def difference(self) -> int:
        """What is not accounted for: 0 unless something is wrong."""
        known = self.stored + self.duplicates + self.left_out + self.set_aside + self.refused + self.waiting
        return self.came - known


@dataclass(frozen=True, slots=True)
class Balance:
    total: Account
    sources: Mapping[str, Account]
    """By id of the write key. What waits is not read yet and therefore only in the total."""


def read_balance(state: State, log: Log) -> Balance:
    """The books as they stand. Read in this order, since the log only grows."""
    position, tally = state.books()
    last_seq, refused = log.last_seq(), log.refused()
    sources: dict[str, Account] = {}
    _enter(tally, refused, lambda source: sources.setdefault(source, Account()))
    total = Account()
    _enter(tally, refused, lambda _source: total)
    total.received, total.waiting = last_seq, max(0, last_seq - position)
    return Balance(total, sources)


def _enter(tally: Tally, refused: Refused, account_of: Callable[[str], Account]) -> None:
    for (source, outcome, reason), events in tally.items():
        account = account_of(source)
        if outcome == RECEIVED:
            account.received += events
        elif outcome == "stored":
            account.stored += events
        elif reason == DUPLICATE:
            account.duplicates += events
        else:
            account.left_out += events if outcome == "dropped" else 0
            account.set_aside += events if outcome == "quarantined" else 0
            account.reasons[reason] = account.reasons.get(reason, 0) + events
    for (source, reason), (_, events) in refused.items():
        account = account_of(source)
        account.refused += events
        account.reasons[reason] = account.reasons.get(reason, 0) + events
