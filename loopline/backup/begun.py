"""A note in the folder of data for as long as a backup is being put back there: what lies there is not all yet."""

from pathlib import Path

from loopline.backup.files import write_file
from loopline.lib.disk import put_on_disk


def note_begun(data: Path, folder: Path) -> None:
    write_file(_path(data), f"{folder.absolute()}\n".encode())


def note_done(data: Path) -> None:
    _path(data).unlink()
    put_on_disk(data)


def is_half_restored(data: Path) -> bool:
    return _path(data).exists()


def _path(data: Path) -> Path:
    return data / "restoring"
