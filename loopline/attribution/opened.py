"""A CSV or Parquet file as somebody exports it, opened as a view of columns of the right kinds, or refused."""

import csv
import gzip
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from loopline.attribution.file_columns import KINDS, MOMENT, Column, Look, column_of, is_far, looked_through
from loopline.attribution.file_lines import (
    LINE,
    LONGEST_LINE,
    PACKED,
    USUAL_LINE,
    FailedError,
    FileError,
    delimiter_of,
    first_lines,
    following,
    where,
)

MOST = 10**18
"""Of what is counted or valued in a line; sums of far more are no numbers any more."""
_BUFFER = 2**25
_NO_TEXTS: Mapping[bytes, str] = {
    b"PK\x03\x04": "a spreadsheet or a ZIP archive; save the sheet as CSV in UTF-8, or unpack the archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet; save it as CSV in UTF-8",
    b"\xff\xfe": "written in UTF-16; save it as CSV in UTF-8",
    b"\xfe\xff": "written in UTF-16; save it as CSV in UTF-8",
}
"""How files begin that are often given instead → what they are, and what to do."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The views `{view}` (known columns) and `{view}_lines` (the same, with a `line`)."""

    memory: duckdb.DuckDBPyConnection
    view: str
    path: Path
    names: frozenset[str]
    word: str
    """What a line is called in this kind of file."""
    has_zone: bool | None
    """Whether its moments have a time zone; None where it has no moments."""
    unread: tuple[str, ...]
    """Columns of moments that stand in the file as such, and so were not looked through."""

    def too_far(self) -> str:
        """Where a moment stands in no year that anybody means, and what to do; "" where none does."""
        found = first_lines(self.memory, f"{self.view}_lines", [is_far(name) for name in self.unread])
        for name, line in zip(self.unread, found, strict=True):
            if line is not None:
                return (
                    f"{self.path.name}, {where(self.path, self.word, line).lower()}: {name} is in no year from 1 to "
                    "9999. Mend it, or take the line out."
                )
        return ""

    def refuse(self, why: Mapping[str, str]) -> None:
        """`why`: condition → what is wrong where it applies. Raises FileError with the first line of the first one."""
        with following(self.memory, f"checking {self.path.name}"):
            lines = first_lines(self.memory, f"{self.view}_lines", list(why))
        for words, line in zip(why.values(), lines, strict=True):
            if line is not None:
                raise self.refusal(line, words)

    def refusal(self, line: int, words: str) -> FileError:
        return FileError(f"{where(self.path, self.word, line)}: {words}.")


def open_file(memory: duckdb.DuckDBPyConnection, path: Path, view: str, *, keeps_ids: bool = False) -> Opened:
    """`keeps_ids`: texts of a Parquet file stay as it has them, be they numbers or held once, which is read fast.

    Raises FileError for a file that is not there, is empty, or holds something that cannot be meant, and FailedError.
    """
    if path.is_dir():
        raise FileError(f"{path} is a folder; name a file.")
    if not path.is_file():
        raise FileError(f"There is no file {path}.")
    try:
        with path.open("rb") as file:
            begins = file.read(4)
    except OSError as error:
        raise FailedError(f"cannot read {path}: {error.strerror}") from error
    is_parquet = begins == b"PAR1"
    for sign, what in _NO_TEXTS.items():
        if begins.startswith(sign):
            raise FileError(f"{path.name} is {what}.")
    try:
        source, header, kinds = (
            _parquet(memory, path) if is_parquet else _text(path, is_packed=begins.startswith(PACKED))
        )
        columns: Sequence[Column] = [column_of(*one, keeps_ids) for one in zip(*_known(header, kinds), strict=True)]
        raw = f"SELECT row_number() OVER () + {int(not is_parquet)} AS line, * FROM {source}"
        memory.execute(f"CREATE VIEW {view}_raw AS {raw}")
        word = "Row" if is_parquet else LINE
        columns, has_zone = looked_through(Look(memory, f"{view}_raw", path, word), columns)
        select = ", ".join(f"{one.value} AS {one.name}" for one in columns) or "NULL AS nothing"
        memory.execute(f"CREATE VIEW {view} AS SELECT {select} FROM {source}")
        memory.execute(f"CREATE VIEW {view}_lines AS SELECT line, {select} FROM {view}_raw")
    except duckdb.Error as error:
        raise refused(error, path) from error
    names = frozenset(name.strip().lower() for name in header)
    unread = tuple(one.name for one in columns if one.kind == MOMENT and one.value == one.source)
    return Opened(memory, view, path, names, word, has_zone, unread)


def _known(header: list[str], kinds: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Names, columns and kinds of what is known. Case, and spaces around a name, do not count."""
    found = {}
    for place, (name, kind) in enumerate(zip(header, kinds, strict=True)):
        plain = name.strip().lower()
        if plain in KINDS:
            if plain in found:
                raise FileError(f"Two columns are named {plain}; rename one of them.")
            found[plain] = (name if kind else str(place), kind)
    return list(found), [column for column, _ in found.values()], [kind for _, kind in found.values()]


def _parquet(memory: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, list[str], list[str]]:
    source = f"read_parquet('{_quoted(path)}')"
    told = memory.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return source, [str(row[0]) for row in told], [str(row[1]) for row in told]


def _text(path: Path, *, is_packed: bool) -> tuple[str, list[str], list[str]]:
    delimiter, header = _header(path, is_packed=is_packed)
    columns = ", ".join(f"'{place}': 'VARCHAR'" for place in range(len(header)))
    longest = LONGEST_LINE if is_packed else max(USUAL_LINE, min(path.stat().st_size, LONGEST_LINE))
    source = (
        f"read_csv('{_quoted(path)}', auto_detect = false, skip = 1, delim = '{delimiter}', quote = '\"', "
        f"escape = '\"', columns = {{{columns}}}, max_line_size = {longest}, buffer_size = {max(longest, _BUFFER)}, "
        f"compression = '{'gzip' if is_packed else 'none'}')"
    )
    return source, header, [""] * len(header)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _header(path: Path, *, is_packed: bool) -> tuple[str, list[str]]:
    """The delimiter and the names. The delimiter is the one that the first line holds most of."""
    try:
        with (gzip.open if is_packed else open)(path, "rt", encoding="utf-8-sig", newline="") as file:
            first = file.readline(USUAL_LINE)
    except UnicodeDecodeError as error:
        raise FileError("The file is not written in UTF-8; save it as CSV in UTF-8.") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileError(f"{path.name} is not a whole gzip file; export it again.") from error
    if not first.strip():
        raise FileError(f"The file {path.name} is empty; its first line has to name the columns.")
    if "\0" in first:
        raise FileError(f"{path.name} is not a text; give a CSV file in UTF-8 or a Parquet file.")
    if first.lower().startswith("sep="):
        raise FileError(f"Line 1 of {path.name} is “{first.strip()}”, which only Excel reads; take it out.")
    delimiter = delimiter_of(first)
    return delimiter, next(csv.reader([first], delimiter=delimiter))


def refused(error: duckdb.Error, path: Path, *opened: Opened) -> FileError | FailedError:
    """What to raise where the engine cannot read a file: what is wrong with it, or a FailedError where that is not
    known. `opened`: the files it may have stumbled over."""
    stumbled = re.search(r"^ *file = (.+)$", str(error), re.MULTILINE)
    if words := _explained(str(error), Path(stumbled[1]) if stumbled else path):
        return FileError(words)
    # Asked for only now: to look at all moments of a large file beforehand takes a tenth of the time.
    if "out of range" in str(error).lower() and (words := next(filter(None, (one.too_far() for one in opened)), "")):
        return FileError(words)
    return FailedError(f"cannot read {path}: {str(error).splitlines()[0]}")


def _explained(message: str, path: Path) -> str:
    """What the engine says of a file it cannot read, as a sentence that says what to do; "" where it says something
    else."""
    line = re.search(r"Line: (\d+)", message)
    columns = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    place = where(path, LINE, int(line[1]), counts_empty=True) if line else path.name
    if columns:
        return f"{place} has {columns[2]} columns instead of {columns[1]}. Mend it, or put quotes around a text."
    if "unterminated quote" in message.lower():
        return f"{place}: a quote is opened and never closed; close it, or write it twice where it is meant."
    if "maximum line size" in message.lower():
        limit = f"{place} is longer than {LONGEST_LINE >> 20} MB"
        return f"{limit}; give its touchpoints a line each: path_id, touched_at, channel, converted_at."
    if "unicode" in message.lower() or "utf-8" in message.lower():
        return f"{place} is not written in UTF-8; save the file as CSV in UTF-8."
    if "gzip" in message.lower():
        return f"{path.name} is not a whole gzip file; export it again."
    if "parquet" in message.lower():
        return f"{path.name} is not a whole Parquet file; export it again."
    return ""
