"""How far the inbox was acknowledged, in a file beside it: a second witness.

SQLite leaves out whatever follows the first damaged frame of its write-ahead log, and says nothing. A log that was cut
off between two commits looks like one that is whole. This mark is written after each commit reached the disk, so it is
never ahead of what was promised; an inbox that ends before it has lost something. It is not waited for: after a power
failure it may lag behind, and then it only knows less.
"""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_FORM = re.compile(rb"([0-9a-f]{16}) ([0-9]{20})\n([0-9]{20})\n")
_STORED_AT = 16 + 1 + 20 + 1


class Mark(NamedTuple):
    log_id: str
    seq: int
    """Number of the last event that was acknowledged."""
    stored_seq: int = 0
    """Number of the last event that the event store was known to have."""


class EndMark:
    """The file `inbox.end` of one log, to be written by whoever appends."""

    def __init__(self, folder: Path, log_id: str) -> None:
        self._id = log_id.encode()
        known = read_mark(folder)
        self._file = os.open(_path(folder), os.O_WRONLY | os.O_CREAT, 0o600)
        if known is None or known.log_id != log_id:
            os.pwrite(self._file, b"%s %020d\n%020d\n" % (self._id, 0, 0), 0)

    def note(self, seq: int) -> None:
        """Everything up to `seq` is on disk."""
        with suppress(OSError):  # It only witnesses what the log holds: a full disk must not turn a yes into a no.
            os.pwrite(self._file, b"%s %020d\n" % (self._id, seq), 0)

    def note_stored(self, seq: int) -> None:
        """The event store has everything up to `seq`."""
        with suppress(OSError):
            os.pwrite(self._file, b"%020d\n" % seq, _STORED_AT)

    def close(self) -> None:
        os.close(self._file)


def read_mark(folder: Path) -> Mark | None:
    """The mark in `folder`; None where there is none that can be read."""
    try:
        found = _FORM.fullmatch(_path(folder).read_bytes())
    except OSError:
        return None
    return Mark(found[1].decode(), int(found[2]), int(found[3])) if found else None


def _path(folder: Path) -> Path:
    return folder / "inbox.end"
