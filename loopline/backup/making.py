"""Making a backup."""

import errno
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import psycopg
from django.db import connection
from pysqlite3 import dbapi2 as sqlite

from loopline import __version__
from loopline.backup import BackupError
from loopline.backup.contents import CUT_ORDER, KEY, RECORDS, STORE, files_to_copy, strangers
from loopline.backup.cut import Cut
from loopline.backup.files import copy_file, is_empty, private, sync_tree
from loopline.backup.last import note_last
from loopline.backup.manifest import FORMAT, Manifest, Records, Store, files_in, write_manifest
from loopline.backup.secret import key_mark
from loopline.backup.sound import Stored, look_at_store, refuse_unsound
from loopline.backup.store_file import copy_store, take_in_log
from loopline.backup.tables import TablesCut
from loopline.collect.log import Log
from loopline.collect.rewriting import rewriting
from loopline.lib.times import utc_now


@dataclass(frozen=True, slots=True)
class Still:
    """The event store while nothing is written to it, and nothing is carried over from the records."""

    path: Path | None
    """Its file; None where there is none yet."""
    opened: int = -1
    check: Callable[[], None] = lambda: None
    """Raises BackupError unless it has stood still until now."""


@dataclass(frozen=True, slots=True)
class Made:
    manifest: Manifest
    still_s: float
    """How long events and facts waited."""
    left_out: Sequence[str]
    """What lies in the folder of data and is not Loopline's."""


def make_backup(data: Path, folder: Path, still: AbstractContextManager[Still]) -> Made:
    """Copy the installation in `data` into `folder`, which is empty or not there. All of it, or nothing stays there.

    Raises BackupError, also where the backup is whole and only the note of it could not be written; it says so.
    """
    _refuse_place(data, folder)
    with private(), _whole_or_nothing(folder), _sound_inbox(data), ExitStack() as cuts:
        with rewriting(data), still as standing:
            began, at = time.monotonic(), utc_now()
            begun = {
                name: cuts.enter_context(closing(begin(data / name))) for name in CUT_ORDER if _is_there(data / name)
            }
            if standing.path is not None:
                copy_store(standing.opened, standing.path, folder)
            standing.check()
            still_s = time.monotonic() - began
        for cut in begun.values():
            cut.copy_to(folder / cut.name)
        for name in files_to_copy(data):
            with suppress(FileNotFoundError):  # an import that is done removes its file
                copy_file(data / name, folder / name)
        manifest = _described(folder, at, begun[RECORDS].records())
        sync_tree(folder)
        write_manifest(folder, manifest)
    _note(data, folder, at)
    return Made(manifest, still_s, strangers(data, standing.path.name if standing.path else STORE))


def _note(data: Path, folder: Path, at: datetime) -> None:
    try:
        note_last(data, folder, at)
    except OSError as error:
        raise BackupError(
            f"{folder} is a whole backup, but that it was made could not be noted in {data}: {error.strerror}."
        ) from error


def begin(path: Path) -> Cut | TablesCut:
    """The file as it is now; in the place of the file of the records those of PostgreSQL, if they are there."""
    return TablesCut() if path.name == RECORDS and connection.vendor == "postgresql" else Cut(path)


def _is_there(path: Path) -> bool:
    return path.exists() or path.name == RECORDS


def _refuse_place(data: Path, folder: Path) -> None:
    if folder.resolve().is_relative_to(data.resolve()):
        raise BackupError(f"{folder} lies within the data itself. Choose a folder elsewhere, best on another disk.")
    if folder.exists() and not folder.is_dir():
        raise BackupError(f"{folder} is a file. Name a folder that is empty or not there yet.")
    if not is_empty(folder):
        raise BackupError(f"{folder} is not empty. Name a folder that is empty or not there yet.")


@contextmanager
def _whole_or_nothing(folder: Path) -> Iterator[None]:
    """What was copied goes again when the rest cannot be; errors come out in words."""
    was_there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        yield
    except BaseException as error:
        _empty(folder, is_kept=was_there)
        if isinstance(error, OSError | sqlite.Error | duckdb.Error | psycopg.Error):
            raise _told(folder, error) from error
        raise


@contextmanager
def _sound_inbox(data: Path) -> Iterator[None]:
    """Opened as the server opens it: an inbox that a crash damaged is mended first, from what SQLite would drop."""
    if not (data / "inbox.sqlite").exists():
        yield
        return
    with closing(Log(data)):
        yield


def _empty(folder: Path, *, is_kept: bool) -> None:
    with suppress(OSError):
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not is_kept:
            folder.rmdir()


def _told(folder: Path, error: Exception) -> BackupError:
    words = str(error).lower()
    is_full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    if is_full or "disk is full" in words or "no space left" in words:
        return BackupError(f"the disk of {folder} is full. Nothing was kept there; make room, then run this again.")
    if isinstance(error, PermissionError):
        return BackupError(
            f"{error.filename} cannot be read or written: {error.strerror}. Run this as the user that runs the server, "
            f"who may write to {folder}."
        )
    return BackupError(f"the copy could not be made: {error}. Nothing was kept in {folder}.")


def _described(folder: Path, at: datetime, records: Records) -> Manifest:
    stored = Stored()
    if (folder / STORE).exists():
        take_in_log(folder)
        stored = look_at_store(folder / STORE)
    refuse_unsound(folder, stored, records)
    return Manifest(
        format=FORMAT,
        loopline=__version__,
        at=at,
        horizon=stored.horizon,
        records=records,
        store=Store("duckdb", stored.schema, duckdb.__version__) if stored.schema else Store(""),
        key_mark=key_mark(),
        has_key=(folder / KEY).exists(),
        files=files_in(folder),
    )
