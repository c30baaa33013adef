"""Putting a backup back, into an empty place only. Everything is looked at before anything is written."""

import errno
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.db import DatabaseError

from loopline.backup import BackupError
from loopline.backup.begun import is_half_restored, note_begun, note_done
from loopline.backup.contents import ERASED, STORE
from loopline.backup.files import copy_file, is_empty, private, sync_tree, write_file
from loopline.backup.manifest import Manifest, read_manifest, refuse_changed_files
from loopline.backup.secret import key_mark
from loopline.backup.tables import RECORDS_FOLDER, put_back_tables, refuse_filled_database
from loopline.lib.config import Config
from loopline.lib.disk import put_on_disk
from loopline.privacy.register import RegisterError, finished_lines
from loopline.store.open import duckdb_file
from loopline.store.schema import SCHEMA_VERSION

_BLOCK = 4096
"""Bytes. Disks give room to a file in whole ones."""
MakeTables = Callable[[Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class Looked:
    """A backup that is whole and that this program can put back."""

    folder: Path
    manifest: Manifest
    erasures: int
    """Finished ones that it knows of."""
    has_own_key: bool
    """Whether the SECRET_KEY in use is the one the backup was made with."""


def look_at(folder: Path) -> Looked:
    """Read the whole backup and compare it with its manifest. Writes nothing; raises BackupError."""
    manifest = read_manifest(folder)
    _refuse_newer(manifest)
    refuse_changed_files(folder, manifest.files)
    return Looked(folder, manifest, len(_lines(folder / ERASED)), manifest.key_mark == key_mark())


def _refuse_newer(manifest: Manifest) -> None:
    from django.db.migrations.loader import MigrationLoader

    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if (manifest.store.schema > SCHEMA_VERSION) or not known.issuperset(manifest.records.migrations):
        raise BackupError(
            f"the backup was made by a newer Loopline ({manifest.loopline}), whose data this one does not know. "
            "Install that version, then restore."
        )


def put_back(looked: Looked, config: Config, make_tables: MakeTables, erasures: Path | None = None) -> None:
    """Write everything into LOOPLINE_DATA, the event store where EVENTS_URL says, the records where DATABASE_URL does.

    `erasures` is a newer list of erasures, or a newer backup that has one. Raises BackupError; then nothing
    was written, or a note in the folder tells every command that it is not all there.
    """
    store, files = _places(looked.manifest, config)
    known = _erasures_of(looked.folder, erasures)
    targets = {path: store if path == STORE else config.data / path for path in files}
    sizes = {targets[file.path]: file.size for file in looked.manifest.files if file.path in targets}
    _refuse_without_room({config.data / ERASED: sum(len(line) + 1 for line in known), **sizes})
    with private(), _in_words(config.data):
        config.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        note_begun(config.data, looked.folder)
        for path, target in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            copy_file(looked.folder / path, target)
        if known:
            write_file(config.data / ERASED, "".join(f"{line}\n" for line in known).encode())
        if looked.manifest.records.kind == "postgresql":
            put_back_tables(looked.folder, looked.manifest.records, make_tables)
        sync_tree(config.data)
        put_on_disk(store.parent)
        note_done(config.data)


def _places(manifest: Manifest, config: Config) -> tuple[Path, Sequence[str]]:
    """Where the event store goes, and what goes into the folder. Raises BackupError where something is there."""
    if is_half_restored(config.data):
        raise BackupError(
            f"{config.data} holds a part of a backup that was not put back to its end. Empty it, then run this again."
        )
    if not is_empty(config.data):
        raise BackupError(
            f"{config.data} is not empty, and restoring writes over nothing. Name an empty folder with LOOPLINE_DATA, "
            "or move away what is there."
        )
    _refuse_other_kinds(manifest, config)
    store = duckdb_file(config)
    assert store is not None
    for path in (store, store.with_name(f"{store.name}.wal")):
        if path.exists():
            raise BackupError(
                f"{path} is there already, and restoring writes over nothing. Move it away, or see EVENTS_URL."
            )
    return store, [file.path for file in manifest.files if _is_of_the_folder(file.path)]


def _is_of_the_folder(path: str) -> bool:
    return path != ERASED and not path.startswith(f"{RECORDS_FOLDER}/")


def _refuse_other_kinds(manifest: Manifest, config: Config) -> None:
    if config.database_url and manifest.records.kind == "sqlite":
        raise BackupError(
            "the records of the backup are of SQLite, and DATABASE_URL names a PostgreSQL database. Restore without "
            "DATABASE_URL."
        )
    if manifest.records.kind == "postgresql":
        if not config.database_url:
            raise BackupError(
                "the records of the backup are of PostgreSQL: name an empty database of it with DATABASE_URL."
            )
        refuse_filled_database()
    if duckdb_file(config) is None:
        raise BackupError(
            "the event store of the backup is a DuckDB file, and EVENTS_URL names something else. Restore without "
            "EVENTS_URL, or with the address of a file that is not there yet."
        )


def _refuse_without_room(sizes: Mapping[Path, int]) -> None:
    """`sizes`: what is to be written → how large it is. All that goes onto one disk has to fit there.

    Records in PostgreSQL are written by its server, on a disk that is not known here.
    """
    disks: dict[int, tuple[Path, int]] = {}
    for target, size in sizes.items():
        disk = _there(target.parent).stat().st_dev
        folder, needed = disks.get(disk, (target.parent, 0))
        disks[disk] = folder, needed + -(-size // _BLOCK) * _BLOCK
    for folder, needed in disks.values():
        free = shutil.disk_usage(_there(folder)).free
        if free < needed:
            raise BackupError(
                f"the disk of {folder} has {_mb(free)} MB free, and the backup needs {_mb(needed)} MB there; "
                f"{_mb(needed - free)} MB are lacking. Nothing was written; make room, then run this again."
            )


def _there(folder: Path) -> Path:
    """The folder, or the one in which it will be made."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _mb(size: int) -> str:
    return f"{size / 2**20:,.1f}"


def _erasures_of(folder: Path, newer: Path | None) -> Sequence[str]:
    """The lines of both lists, each once."""
    lines = _lines(folder / ERASED)
    if newer is not None:
        path = newer / ERASED if newer.is_dir() else newer
        if not path.is_file():
            raise BackupError(f"{path} is not there: --erasures names {ERASED} of an installation, or a newer backup.")
        lines += _lines(path)
    return list(dict.fromkeys(lines))


def _lines(path: Path) -> list[str]:
    try:
        return finished_lines(path) if path.exists() else []
    except RegisterError as error:
        raise BackupError(str(error)) from error


@contextmanager
def _in_words(data: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, psycopg.Error, DatabaseError) as error:
        is_full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
        why = "the disk is full" if is_full else str(error)
        raise BackupError(
            f"the backup could not be put back: {why}. {data} holds a part of it, which no command will use: empty it, "
            "then run this again."
        ) from error
