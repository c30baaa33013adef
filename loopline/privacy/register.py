"""The list of finished erasures in a file beside the databases: a restored backup does not know those done since.

`erased.jsonl` in LOOPLINE_DATA, one line each: when, ids of the records, and keyed hashes of the addresses. It is to
be kept when a backup is put back (docs/privacy.md).
"""

import hmac
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from loopline.privacy.models import Erasure

_BEGIN = '{"at"'


class RegisterError(ValueError):
    """The file is no list of erasures; the message names it."""


@dataclass(frozen=True, slots=True)
class Noted:
    at: datetime
    person_ids: tuple[str, ...]
    marks: frozenset[str]


def mark_of(email: str) -> str:
    """Keyed hash of a normalised address: tells the same address again, and cannot be tried out without the key."""
    key = hmac.digest(settings.SECRET_KEY.encode(), b"loopline erasures", "sha256")
    return hmac.new(key, email.encode(), "sha256").hexdigest()


def marks_of(emails: Iterable[str]) -> list[str]:
    return sorted(mark_of(one) for one in emails)


def note_finished(data: Path, erasure: Erasure) -> None:
    """One line, on the disk. A line that is there twice does no harm."""
    ids = erasure.traces.get("person_ids") or [str(erasure.person_id)]
    line = json.dumps({"at": erasure.asked_at.isoformat(), "person_ids": ids, "marks": erasure.marks})
    is_cut_off = _path(data).exists() and _path(data).read_bytes()[-1:] not in {b"", b"\n"}
    handle = os.open(_path(data), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"\n{line}\n" if is_cut_off else f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def noted(data: Path) -> Iterator[Noted]:
    """All of them. Raises RegisterError as `finished_lines` does."""
    for line in finished_lines(_path(data)) if _path(data).exists() else ():
        yield _read(line)


def finished_lines(path: Path) -> list[str]:
    """Each finished erasure as it stands there. One whose line a crash cut off was not finished, and goes on by itself.

    Raises RegisterError for any other file, so that it is not taken for a list on which nobody stands.
    """
    try:
        lines = [line for line in path.read_text().splitlines() if not _is_cut_off(line)]
        for line in lines:
            _read(line)
    except (ValueError, TypeError, KeyError) as error:
        raise RegisterError(f"{path} is no list of erasures, or it was damaged.") from error
    return lines


def _is_cut_off(line: str) -> bool:
    return not line.endswith("}") and line.startswith(_BEGIN[: len(line)])


def _read(line: str) -> Noted:
    said = json.loads(line)
    return Noted(datetime.fromisoformat(said["at"]), tuple(said["person_ids"]), frozenset(said["marks"]))


def _path(data: Path) -> Path:
    return data / "erased.jsonl"
