"""Bringing what was committed from the inbox's write-ahead log into its file, beside the thread that writes.

SQLite does so inside the commit that finds the log full, 32 MB of it, and whoever waited for that commit waited for the
disk as well: one request in a hundred. Here it is done a little at a time, and the writer finds nothing left to do. Its
own way stays, for when this thread fails or falls behind: nothing that is promised depends on it.
"""

import logging
import threading
from contextlib import closing
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from loopline.collect.log import connect

_DUE_BYTES = 2 << 20
"""Committed since the last time; at 30,000 events a second that is ten times a second."""

log = logging.getLogger(__name__)


class Checkpoints:
    """For the inbox in `path`, from `start` to `close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._committed = 0
        self._is_due = threading.Event()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="inbox checkpoints", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def note(self, size: int) -> None:
        """So many bytes were committed. Called by the one thread that writes."""
        self._committed += size
        if self._committed >= _DUE_BYTES:
            self._committed = 0
            self._is_due.set()

    def close(self) -> None:
        self._is_closing = True
        self._is_due.set()
        self._thread.join()

    def _run(self) -> None:
        with closing(connect(self._path)) as connection:
            while self._is_due.wait() and not self._is_closing:
                self._is_due.clear()
                try:
                    # Waits for nobody, and nobody for it: what somebody still reads is left for the next time.
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").close()
                except sqlite.Error as error:
                    log.warning("The inbox's log could not be brought into its file and goes on growing: %s", error)
