"""When the last backup was made, beside the data: for `loopline doctor`. A backup does not hold it."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loopline.backup.files import write_file


@dataclass(frozen=True, slots=True)
class Last:
    at: datetime
    folder: str


def note_last(data: Path, folder: Path, at: datetime) -> None:
    told = {"at": at.isoformat(), "folder": str(folder.absolute())}
    write_file(_path(data), json.dumps(told).encode())


def last_backup(data: Path) -> Last | None:
    """None where none was made, or where nobody can tell."""
    try:
        told = json.loads(_path(data).read_text())
        return Last(datetime.fromisoformat(told["at"]), str(told["folder"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(data: Path) -> Path:
    return data / "last_backup.json"
