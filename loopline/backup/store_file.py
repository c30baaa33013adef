"""The file of a DuckDB store, copied while its owner writes nothing.

The owner, server or nobody, holds a lock on the file that ends as soon as *its* process closes any handle of the file.
So the server never reads its own file for a copy: another process does.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from loopline.backup import BackupError
from loopline.backup.contents import STORE
from loopline.backup.files import copy_file, copy_open_file


@contextmanager
def owned(path: Path) -> Iterator[int]:
    """The store's open file while nobody else may open it: the lock is the one that DuckDB takes. Raises BackupError
    where a process has it."""
    opened = os.open(path, os.O_RDWR)
    try:
        try:
            fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BackupError(
                f"{path} is in use by a process that does not answer. Wait until the server has started or stopped, "
                "then run this again."
            ) from error
        yield opened
    finally:
        os.close(opened)


@contextmanager
def read_beside(path: Path) -> Iterator[int]:
    """The store's open file, while the server that owns it stands still."""
    opened = os.open(path, os.O_RDONLY)
    try:
        yield opened
    finally:
        os.close(opened)


def copy_store(opened: int, path: Path, folder: Path) -> None:
    """The file and its write-ahead log into `folder`. Raises BackupError where somebody wrote meanwhile."""
    log, before = _log_of(path), _state(opened, path)
    copy_open_file(opened, folder / STORE)
    if log.exists() and log.stat().st_size:
        copy_file(log, _log_of(folder / STORE))
    if _state(opened, path) != before:
        raise BackupError("The event store was written to while it was copied. Run the command again.")


def take_in_log(folder: Path) -> None:
    """Bring the write-ahead log into the copied file: another version of DuckDB may read the file, and not the log."""
    if _log_of(folder / STORE).exists():
        with closing(duckdb.connect(str(folder / STORE))) as connection:
            connection.execute("CHECKPOINT")


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _state(opened: int, path: Path) -> list[tuple[int, int]]:
    found = [os.fstat(opened)]
    if _log_of(path).exists():
        found.append(_log_of(path).stat())
    return [(one.st_size, one.st_mtime_ns) for one in found if one.st_size]
