"""Files and folders that only their owner may read, and that are on the disk when they are said to be."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loopline.backup import BackupError
from loopline.lib.disk import put_on_disk

_PIECE = 1 << 22


@contextmanager
def private() -> Iterator[None]:
    """Whatever is made within is for its owner only (0600, 0700)."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def copy_open_file(source: int, target: Path) -> None:
    """Copy all of an open file, from its beginning. File systems that can share the blocks do so."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        at, size = 0, os.fstat(source).st_size
        while at < size:
            at += _copy_piece(source, new, at, min(size - at, 1 << 30))
        os.fsync(new)
    finally:
        os.close(new)


def _copy_piece(source: int, target: int, at: int, size: int) -> int:
    try:
        copied = os.copy_file_range(source, target, size, at, at)
    except OSError as error:
        if error.errno not in {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF}:
            raise
        copied = os.pwrite(target, os.pread(source, min(size, _PIECE), at), at)
    if not copied:
        raise BackupError("A file became shorter while it was copied. Run the command again.")
    return copied


def copy_file(source: Path, target: Path) -> None:
    """Raises FileNotFoundError for one that went meanwhile, and BackupError for what is no plain file."""
    try:
        opened = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise BackupError(
                f"{source} is a link, which a backup does not follow. Put the file in its place."
            ) from error
        raise
    try:
        copy_open_file(opened, target)
    finally:
        os.close(opened)


def write_file(path: Path, content: bytes) -> None:
    """Whole or not at all: under another name first."""
    draft = path.with_name(f"{path.name}.draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    put_on_disk(path.parent)


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def sync_tree(folder: Path) -> None:
    """Have all files below the folder, and all names, on the disk."""
    for path in folder.rglob("*"):
        put_on_disk(path)
    put_on_disk(folder)


def is_empty(folder: Path) -> bool:
    """Also where there is none yet. What file systems put into every new one does not count."""
    return not folder.exists() or all(path.name == "lost+found" for path in folder.iterdir())
