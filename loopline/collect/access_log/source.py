"""Lines of log files, plain or gzip, in little memory however long file or line are."""

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from loopline.collect.access_log.line import LONGEST

_GZIP_MAGIC = b"\x1f\x8b"


class LogFileError(RuntimeError):
    """A log file cannot be read on; the message says which, where and why."""


@dataclass(frozen=True, slots=True)
class FileLine:
    number: int
    data: bytes
    read_bytes: int
    """How far the file itself is read, packed as it may be."""


def lines_of(path: Path) -> Iterator[FileLine]:
    """Every line with its number from 1; one that is too long is cut, and its rest skipped. Raises LogFileError."""
    number = 0
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            stream = _unpacked(file) if is_packed else file
            while data := stream.readline(LONGEST + 2):
                number += 1
                if len(data) > LONGEST + 1 and not data.endswith(b"\n"):
                    _skip_rest(stream)
                yield FileLine(number, data, file.tell())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise LogFileError(
            f"{path} is damaged after line {number}: {error}. What stood before is in; mend the file and run it again."
        ) from error
    except OSError as error:
        raise LogFileError(f"{path} cannot be read: {error.strerror or error}") from error


def _unpacked(file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(gzip.GzipFile(fileobj=file), 1 << 18))


def _skip_rest(stream: BinaryIO) -> None:
    while (part := stream.readline(1 << 20)) and not part.endswith(b"\n"):
        pass
