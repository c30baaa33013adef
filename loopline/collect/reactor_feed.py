"""What the reactor reads: the events that change records, after all steps, in order, each once.

The signals are written by the loader together with its outcome, so the reactor acts on exactly those events that
the event store counts: no duplicate, nothing from the quarantine, nobody without consent.
"""

from loopline.collect.signals import Signal
from loopline.collect.state import State


class ReactorFeed:
    def __init__(self, state: State) -> None:
        self._state = state

    def read(self, after_seq: int, limit: int = 500) -> list[Signal]:
        """Signals with a number above `after_seq`, oldest first. Keep the last number as the cursor."""
        return self._state.signals(after_seq, limit)

    def trim(self, upto_seq: int) -> None:
        """Forget signals the reactor has finished."""
        self._state.change("DELETE FROM signals WHERE seq <= ?", upto_seq)


__all__ = ["ReactorFeed", "Signal"]
