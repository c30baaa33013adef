"""One backup at a time, and a server that stands still for as long as the command that asked for it wants and lives.

Both are locks on files, held by the command. The system lets go of them however the command ends, and the server,
which looks several times a second whether `still.lock` is free, goes on.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loopline.backup import BackupError

_ONLY, _STILL = "backup.lock", "still.lock"


@contextmanager
def only_backup(data: Path) -> Iterator[None]:
    """Raises BackupError where another one is being made."""
    with _locked(data / _ONLY):
        yield


@contextmanager
def wanted_still(data: Path) -> Iterator[None]:
    """Within it a server that was asked to stand still does so."""
    with _locked(data / _STILL):
        yield


def is_wanted_still(data: Path) -> bool:
    try:
        opened = os.open(data / _STILL, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(opened)
    return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BackupError("another backup is being made. Wait until it is done.") from error
    finally:
        os.close(opened)
