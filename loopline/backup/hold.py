"""The server stands still while a command copies the event store.

Still stand: the relay (no fact is carried over), batches, erasures and rewriting of the store's file. Everything else
goes on: events are taken into the inbox, people change records, reports are answered. It ends with the lock that the
command holds (`turn.py`), or when the server stops, or after `AT_MOST_S`: then the command is told, and keeps nothing.
"""

import logging
import secrets
import threading
import time
from pathlib import Path

from loopline.backup import BackupError
from loopline.backup.turn import is_wanted_still
from loopline.facts import relay
from loopline.store.engine import Engine

AT_MOST_S = 3_600.0
"""A command that hangs, on a disk that does not answer for instance, must not keep figures from growing for ever."""
BEGINS_WITHIN_S = 590.0
"""What is being written now, and an erasure that writes the file anew, are waited for."""
LOOK_S = 0.1
log = logging.getLogger(__name__)


class Hold:
    """Begins at once, in a thread of its own."""

    def __init__(self, data: Path, engine: Engine) -> None:
        self.id = secrets.token_hex(8)
        self._data = data
        self._engine = engine
        self._has_begun = threading.Event()
        self._ends = threading.Event()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="backup", daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        try:
            with relay.turn, self._engine.held():
                self._has_begun.set()
                self._wait()
                self._is_over.set()  # before anything is written again
        finally:
            self._is_over.set()

    def _wait(self) -> None:
        until = time.monotonic() + AT_MOST_S
        while is_wanted_still(self._data) and not self._ends.wait(LOOK_S):
            if time.monotonic() > until:
                log.error("A backup kept the event store still for an hour; the server goes on, and it will be refused")
                return

    def wait_for_begin(self) -> bool:
        """Whether everything stands still now."""
        return self._has_begun.wait(BEGINS_WITHIN_S) and self.is_held

    @property
    def is_held(self) -> bool:
        return self._has_begun.is_set() and not self._is_over.is_set()

    def end(self) -> None:
        self._ends.set()


_lock = threading.Lock()
_latest: Hold | None = None


def hold(data: Path, engine: Engine) -> str:
    """Stand still for the command that holds the lock in `data`; the name of this. Raises BackupError."""
    global _latest
    with _lock:
        if not is_wanted_still(data):
            raise BackupError("no command is making a backup of this server's data.")
        if _latest is not None:
            _latest.end()  # one command at a time: whoever asked before is gone, and its hold may still wait to begin
        _latest = latest = Hold(data, engine)
    if not latest.wait_for_begin():
        latest.end()
        raise BackupError("the server is writing, and could not stand still. Run the command again later.")
    return latest.id


def is_held(name: str) -> bool:
    """Whether everything has stood still since `hold` gave this name."""
    return _latest is not None and _latest.id == name and _latest.is_held


def let_go() -> None:
    """The server stops."""
    if _latest is not None:
        _latest.end()
