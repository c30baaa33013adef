"""What a backup says of itself, written last: without it a folder is no backup.

`manifest.json` holds what was copied, of which versions, every file with its size and SHA-256, and a digest of all
that, so that a changed byte is noticed wherever it is.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

import msgspec

from loopline.backup import BackupError
from loopline.backup.contents import MAY_BE_RESTORED
from loopline.backup.files import sha256_of, write_file

FORMAT = 1
NAME = "manifest.json"


class File(msgspec.Struct, frozen=True):
    path: str
    size: int
    """Bytes."""
    sha256: str


class Records(msgspec.Struct, frozen=True):
    kind: str
    """sqlite or postgresql."""
    migrations: list[str]
    """Changes of the tables that were applied, as `app.name`."""
    columns: dict[str, list[str]] = {}
    """PostgreSQL: the columns of each table, as they stand in its file."""
    counters: dict[str, int] = {}
    """PostgreSQL: the last number that each sequence gave out."""


class Store(msgspec.Struct, frozen=True):
    kind: str
    """duckdb; empty where there is none yet."""
    schema: int = 0
    duckdb: str = ""


class Manifest(msgspec.Struct, frozen=True):
    format: int
    loopline: str
    """Version of the program."""
    at: datetime
    """What was received before is in it."""
    horizon: datetime | None
    """Latest `recorded_at` of the event store: reports as of it give the same figures."""
    records: Records
    store: Store
    key_mark: str
    """Tells whether another SECRET_KEY is the same one."""
    has_key: bool
    """Whether the key is in the backup; else it is in the environment of the server."""
    files: list[File]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


class _Sealed(msgspec.Struct):
    digest: str
    backup: msgspec.Raw


class _Format(msgspec.Struct):
    format: int


def files_in(folder: Path) -> list[File]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return [File(path.relative_to(folder).as_posix(), path.stat().st_size, sha256_of(path)) for path in found]


def write_manifest(folder: Path, manifest: Manifest) -> None:
    body = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    sealed = _Sealed(hashlib.sha256(body).hexdigest(), msgspec.Raw(body))
    write_file(folder / NAME, msgspec.json.encode(sealed))


def read_manifest(folder: Path) -> Manifest:
    """Raises BackupError for a folder that is no backup, is not finished, was changed, or is newer than the program."""
    try:
        content = (folder / NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BackupError(
            f"{folder} holds no {NAME}: it is no backup, or one that was not finished. Use another one."
        ) from error
    try:
        sealed = msgspec.json.decode(content, type=_Sealed)
        form = msgspec.json.decode(sealed.backup, type=_Format).format
        is_whole = hashlib.sha256(sealed.backup).hexdigest() == sealed.digest
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _changed(folder) from error
    if not is_whole:
        raise _changed(folder)
    if form > FORMAT:
        raise BackupError(
            f"{folder} was made by a newer Loopline (form {form} of backups, this one knows {FORMAT}). "
            "Install that version, then restore."
        )
    try:
        return msgspec.json.decode(sealed.backup, type=Manifest)
    except msgspec.MsgspecError as error:
        raise _changed(folder) from error


def _changed(folder: Path) -> BackupError:
    return BackupError(
        f"{folder / NAME} does not read as it was written: it was changed or damaged. Use another backup."
    )


def refuse_changed_files(folder: Path, files: Sequence[File]) -> None:
    """Raises BackupError unless every file is there as it was written. Reads all of them."""
    for file in files:
        path = folder / _safe(file.path)
        if path.is_symlink() or not path.is_file():
            raise BackupError(f"{path} is missing. The backup is not whole; use another one.")
        if path.stat().st_size != file.size:
            raise BackupError(
                f"{path} has {path.stat().st_size:,} bytes and had {file.size:,}: it was changed or cut off. "
                "Use another backup."
            )
        if sha256_of(path) != file.sha256:
            raise BackupError(f"{path} does not read as it was written: it was changed or damaged. Use another backup.")


def _safe(text: str) -> PurePosixPath:
    """A path that stays below the folder, whoever wrote the manifest."""
    path = PurePosixPath(text)
    if (
        path.is_absolute()
        or ".." in path.parts
        or "\0" in text
        or path.parts[:1] == ()
        or path.parts[0] not in MAY_BE_RESTORED
    ):
        raise BackupError(f"The backup names “{text}”, which is no part of Loopline's data. Use another backup.")
    return path
