"""A CSV or Parquet file as somebody exports it, opened as a view of columns of the right kinds, or refused."""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from loopline.lib.progress import followed

DELIMITERS = (";", "\t", "|", ",")
LINE = "Line"
"""What a line of a text is called; one of a Parquet file is a row."""
_TEXT, _NUMBER, _WHOLE, _MOMENT = "VARCHAR", "DOUBLE", "BIGINT", "TIMESTAMPTZ"
KINDS: Mapping[str, str] = {
    **dict.fromkeys(("path", "path_id", "channel", "touch_kind", "person_id", "identity"), _TEXT),
    **dict.fromkeys(("total_conversions", "total_conversion_value", "total_null", "value"), _NUMBER),
    "amount_minor": _WHOLE,
    **dict.fromkeys(("touched_at", "converted_at", "lead_created_at", "opportunity_created_at"), _MOMENT),
}
"""What each column that is known holds, whichever file it stands in."""
_WRITE = {
    _NUMBER: "a number such as 12 or 12.50",
    _WHOLE: "whole cents such as 1250",
    _MOMENT: "a moment such as 2026-03-31T12:00:00Z",
}
_ZONED, _NANOSECONDS = "TIMESTAMP WITH TIME ZONE", {"TIMESTAMP_NS": "TIMESTAMP", "TIMESTAMPTZ_NS": "TIMESTAMPTZ"}
"""Data frames keep nanoseconds, with which DuckDB cannot reckon; microseconds are kept."""
_AS_THEY_ARE = {_TEXT: (), _NUMBER: (), _WHOLE: ("INT",), _MOMENT: ("TIMESTAMP", "DATE")}
MOST = 10**18
"""Of what is counted or valued in a line; sums of far more are no numbers any more."""
_USUAL_LINE, _LONGEST_LINE, _BUFFER = 2**21, 2**26, 2**25
"""Bytes. A path of a million touchpoints is one line."""
_PACKED = b"\x1f\x8b"
"""How a file of gzip begins."""
_NO_TEXTS: Mapping[bytes, str] = {
    b"PK\x03\x04": "a spreadsheet or a ZIP archive; save the sheet as CSV in UTF-8, or unpack the archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet; save it as CSV in UTF-8",
    b"\xff\xfe": "written in UTF-16; save it as CSV in UTF-8",
    b"\xfe\xff": "written in UTF-16; save it as CSV in UTF-8",
}
"""How files begin that are often given instead → what they are, and what to do."""
_ZONE = r":\d{2}.*([zZ]|UTC|[+-]\d{2}(:?\d{2})?)$"
"""A clock time with a zone behind it. A day alone has no clock, and is its midnight."""


class FileError(ValueError):
    """The file cannot be read as paths or touchpoints; the message says where and what to do."""


class FailedError(RuntimeError):
    """The file could not be read, and may be well: nothing says that it is to blame. There was no memory, for
    instance, or somebody else may read it only."""


class NothingInWindowError(FileError):
    """No touchpoint lies before a conversion and within the lookback window."""


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
        found = first_lines(self.memory, f"{self.view}_lines", [_is_far(name) for name in self.unread])
        for name, line in zip(self.unread, found, strict=True):
            if line is not None:
                return (
                    f"{self.path.name}, {_where(self.path, self.word, line).lower()}: {name} is in no year from 1 to "
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
        return FileError(f"{_where(self.path, self.word, line)}: {words}.")


@dataclass(frozen=True, slots=True)
class _Column:
    """A known column: `source` is how the file has it, `text` the same where nothing but spaces is nothing, `has` its
    type there, empty in a text file."""

    name: str
    source: str
    text: str
    value: str
    has: str

    @property
    def kind(self) -> str:
        return KINDS[self.name]


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
            _parquet(memory, path) if is_parquet else _text(path, is_packed=begins.startswith(_PACKED))
        )
        columns = [_column(*one, keeps_ids) for one in zip(*_known(header, kinds), strict=True)]
        select = ", ".join(f"{one.value} AS {one.name}" for one in columns) or "NULL AS nothing"
        raw = f"SELECT row_number() OVER () + {int(not is_parquet)} AS line, * FROM {source}"
        memory.execute(f"CREATE VIEW {view}_raw AS {raw}")
        memory.execute(f"CREATE VIEW {view} AS SELECT {select} FROM {source}")
        memory.execute(f"CREATE VIEW {view}_lines AS SELECT line, {select} FROM {view}_raw")
        word = "Row" if is_parquet else LINE
        has_zone = _looked_through(memory, view, columns, path, word)
    except duckdb.Error as error:
        raise refused(error, path) from error
    names = frozenset(name.strip().lower() for name in header)
    unread = tuple(one.name for one in columns if one.kind == _MOMENT and one.value == one.source)
    return Opened(memory, view, path, names, word, has_zone, unread)


@contextmanager
def following(memory: duckdb.DuckDBPyConnection, what: str) -> Iterator[None]:
    """Who looks on is told how far each question is that is asked meanwhile."""
    memory.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false; SET progress_bar_time = 0")

    def share() -> float | None:
        percent = memory.query_progress()
        return percent / 100 if percent >= 0 else None

    with followed(what, share):
        yield


def first_lines(memory: duckdb.DuckDBPyConnection, lines: str, conditions: Sequence[str]) -> Sequence[int | None]:
    """Of each condition the first line to which it applies. One look through the file answers all of them."""
    if not conditions:
        return ()
    asked = ", ".join(f"min(line) FILTER (WHERE {one})" for one in conditions)
    [found] = memory.execute(f"SELECT {asked} FROM {lines}").fetchall()
    return found


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


def _column(name: str, column: str, kind: str, keeps_ids: bool) -> _Column:
    source, wanted = '"' + column.replace('"', '""') + '"', KINDS[name]
    if plain := _NANOSECONDS.get(kind):
        source, kind = f"CAST({source} AS {plain})", _ZONED if plain == _MOMENT else plain
    if kind and (any(one in kind for one in _AS_THEY_ARE[wanted]) or (keeps_ids and wanted == _TEXT)):
        return _Column(name, source, source, source, kind)
    is_kept = kind not in ("", _TEXT) and wanted != _MOMENT
    text = source if is_kept else f"nullif(trim(CAST({source} AS {_TEXT})), '')"
    return _Column(name, source, text, f"TRY_CAST({text} AS {wanted})", kind)


def _parquet(memory: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, list[str], list[str]]:
    source = f"read_parquet('{_quoted(path)}')"
    told = memory.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return source, [str(row[0]) for row in told], [str(row[1]) for row in told]


def _text(path: Path, *, is_packed: bool) -> tuple[str, list[str], list[str]]:
    delimiter, header = _header(path, is_packed=is_packed)
    columns = ", ".join(f"'{place}': 'VARCHAR'" for place in range(len(header)))
    longest = _LONGEST_LINE if is_packed else max(_USUAL_LINE, min(path.stat().st_size, _LONGEST_LINE))
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
            first = file.readline(_USUAL_LINE)
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
    delimiter = _delimiter(first)
    return delimiter, next(csv.reader([first], delimiter=delimiter))


def _delimiter(first: str) -> str:
    return max(DELIMITERS, key=first.count)


def _looked_through(
    memory: duckdb.DuckDBPyConnection, view: str, columns: Sequence[_Column], path: Path, word: str
) -> bool | None:
    """Whether the moments of the file have a time zone; None where it has no moments.

    Raises FileError for what is there and cannot be meant: no number, no moment, an endless one, part of a cent;
    and where some moments have a time zone and others have none.
    """
    read = [one for one in columns if one.value != one.source and one.kind != _TEXT]
    moments = [one for one in read if one.kind == _MOMENT]
    asked: dict[tuple[bool | None, str], str] = {(None, one.name): _is_no(one) for one in read}
    asked |= {(has_zone, one.name): _is_at_a_clock(one, has_zone) for has_zone in (True, False) for one in moments}
    with following(memory, f"checking {path.name}"):
        lines = first_lines(memory, f"{view}_raw", list(asked.values()))
    found = dict(zip(asked, lines, strict=True))
    for column in read:
        if (line := found[None, column.name]) is not None:
            [(text,)] = memory.execute(f"SELECT {column.source} FROM {view}_raw WHERE line = {line}").fetchall()
            where = _where(path, word, line)
            raise FileError(f"{where}: {column.name} is “{text}”; write {_WRITE[column.kind]}.")
    told = {
        "ZONE" in one.has: one.name
        for one in columns
        if one.kind == _MOMENT and one not in moments and one.has != "DATE"
    }
    for has_zone in (True, False):
        for column in moments:
            if (line := found[has_zone, column.name]) is not None:
                told.setdefault(has_zone, f"{_where(path, word, line)}: {column.name}")
    if len(told) == 2:
        raise FileError(
            f"{told[False]} has no time zone, but others have one; "
            "write all moments with one, such as 2026-03-31T12:00:00Z."
        )
    return next(iter(told), None)


def _where(path: Path, word: str, line: int, *, counts_empty: bool = False) -> str:
    """Where in a text the line begins that the engine counts as this one: a quoted cell may go over several, and it
    passes over empty lines, but where it stumbled (`counts_empty`). In a Parquet file it is the row."""
    if word != LINE:
        return f"{word} {line}"
    ended, counted = 0, 0
    with path.open("rb") as file:
        is_packed = file.read(2) == _PACKED
    csv.field_size_limit(_LONGEST_LINE)
    with (gzip.open if is_packed else open)(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as text:
        lines = csv.reader(text, delimiter=_delimiter(text.readline(_USUAL_LINE)))
        with suppress(csv.Error):  # a cell that is too long, or never closed: it begins where the one before ended
            for cells in lines:
                counted += bool(cells) or counts_empty
                if counted == line - 1:
                    break
                ended = lines.line_num
    return f"{word} {ended + 2}"


def _is_no(column: _Column) -> str:
    is_no = f"TRY_CAST({column.text} AS {column.kind}) IS NULL"
    if column.kind in (_NUMBER, _MOMENT):
        is_no += f" OR NOT isfinite(TRY_CAST({column.text} AS {column.kind}))"
    if column.kind == _MOMENT:
        is_no += f" OR {_is_far(f'TRY_CAST({column.text} AS {_MOMENT})')}"
    if column.kind == _WHOLE:
        is_no += f" OR TRY_CAST({column.text} AS DOUBLE) <> TRY_CAST({column.text} AS BIGINT)"
    return f"{column.text} IS NOT NULL AND ({is_no})"


def _is_far(moment: str) -> str:
    """A moment in no year that is written with four digits (in some zone the last of them has ended already)."""
    return f"year({moment}) NOT BETWEEN 1 AND 10000"


def _is_at_a_clock(column: _Column, has_zone: bool) -> str:
    """A moment with a clock time, and a time zone or none."""
    return f"contains({column.text}, ':') AND {'' if has_zone else 'NOT '}regexp_matches({column.text}, '{_ZONE}')"


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
    where = _where(path, LINE, int(line[1]), counts_empty=True) if line else path.name
    if columns:
        return f"{where} has {columns[2]} columns instead of {columns[1]}. Mend it, or put quotes around a text."
    if "unterminated quote" in message.lower():
        return f"{where}: a quote is opened and never closed; close it, or write it twice where it is meant."
    if "maximum line size" in message.lower():
        limit = f"{where} is longer than {_LONGEST_LINE >> 20} MB"
        return f"{limit}; give its touchpoints a line each: path_id, touched_at, channel, converted_at."
    if "unicode" in message.lower() or "utf-8" in message.lower():
        return f"{where} is not written in UTF-8; save the file as CSV in UTF-8."
    if "gzip" in message.lower():
        return f"{path.name} is not a whole gzip file; export it again."
    if "parquet" in message.lower():
        return f"{path.name} is not a whole Parquet file; export it again."
    return ""
