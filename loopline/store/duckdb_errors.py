"""What went wrong inside DuckDB, in words that say what was kept and what to do."""

import re
from pathlib import Path

import duckdb

from loopline.store.engine import StoreError, StoreFullError

_FULL = re.compile(r"no space left|disk quota|file too large|could not write|enospc|max_temp_directory_size", re.I)
_OWNER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


def refuse_old_version(version: str) -> None:
    """Raises StoreError for a DuckDB before 2: 1.4 and 1.5 lost committed rows after a crash or a full disk."""
    if int(version.partition(".")[0]) < 2:
        raise StoreError(
            f"DuckDB {version} can lose rows after a crash; Loopline needs 2 or later. "
            "Install the locked requirements again."
        )


def open_error(path: Path, error: duckdb.Error) -> StoreError:
    """Why the file could not be opened: most often another process owns it."""
    if owner := _OWNER.search(str(error)):
        return StoreError(
            f"{path} is in use by process {owner['pid']} ({Path(owner['program']).name}). One process owns the event "
            "store: ask the running server (`loopline` commands do so by themselves), or stop it first."
        )
    if _FULL.search(str(error)):
        return StoreFullError(f"{path} cannot be opened, the disk is full: {error}. Free some space and start again.")
    return StoreError(f"{path} cannot be opened: {error}")


def write_error(error: Exception) -> StoreError:
    if _FULL.search(str(error)):
        return StoreFullError(
            f"The disk is full: {error}. Nothing of the batch was kept; free some space, then it can be repeated."
        )
    return StoreError(f"The batch was not stored, nothing of it was kept: {error}")


def read_error(error: Exception) -> StoreError:
    return StoreError(f"The event store cannot answer: {error}")


def dead_error(error: Exception) -> StoreError:
    kind, first = (StoreFullError, "Free some space, then start") if _FULL.search(str(error)) else (StoreError, "Start")
    return kind(
        f"The event store stopped after a fatal error. {first} this process again: {error}. "
        "What was reported as stored is safe; a batch whose writing was interrupted may be repeated."
    )


def upgrade_error(path: Path, free: int, needed: int) -> StoreFullError:
    return StoreFullError(
        f"The event store {path} is of an older Loopline, and bringing it up to date needs {needed / 2**20:,.0f} MB "
        f"of the disk, of which {free / 2**20:,.0f} MB are free. Nothing was changed. Make room, then start again."
    )


def full_error(path: Path, free: int) -> StoreFullError:
    return StoreFullError(
        f"The disk of {path} has only {free // 2**20} MB left, so the batch was not begun. Free some space; it can be "
        "repeated. Loopline stops before the disk is full because a full disk would stop the event store."
    )
