"""A CSV or Parquet file as somebody exports it, opened as a view of columns of the right kinds, or refused."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

DELIMITERS = (";", "\t", "|", ",")
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
_AS_THEY_ARE = {_TEXT: (), _NUMBER: (), _WHOLE: ("INT",), _MOMENT: ("TIMESTAMP", "DATE")}
_USUAL_LINE, _LONGEST_LINE, _BUFFER = 2**21, 2**26, 2**25
"""Bytes. A path of a million touchpoints is one line."""
_ZONE = r":\d{2}.*([zZ]|UTC|[+-]\d{2}(:?\d{2})?)$"
"""A clock time with a zone behind it. A day alone has no clock, and is its midnight."""


class FileError(ValueError):
    """The file cannot be read as paths or touchpoints; the message says where and what to do."""


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

    def refuse(self, condition: str, why: str) -> None:
        """Raises FileError with the first line to which the condition applies."""
        if found := self.memory.execute(f"SELECT line FROM {self.view}_lines WHERE {condition} LIMIT 1").fetchone():
            raise FileError(f"{self.word} {found[0]}: {why}.")


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

    Raises FileError for a file that is not there, is empty, or holds something that cannot be meant.
    """
    if path.is_dir():
        raise FileError(f"{path} is a folder; name a file.")
    if not path.is_file():
        raise FileError(f"There is no file {path}.")
    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    try:
        source, header, kinds = _parquet(memory, path) if is_parquet else _text(path)
        columns = [_column(*one, keeps_ids) for one in zip(*_known(header, kinds), strict=True)]
        select = ", ".join(f"{one.value} AS {one.name}" for one in columns) or "NULL AS nothing"
        raw = f"SELECT row_number() OVER () + {int(not is_parquet)} AS line, * FROM {source}"
        memory.execute(f"CREATE VIEW {view}_raw AS {raw}")
        memory.execute(f"CREATE VIEW {view} AS SELECT {select} FROM {source}")
        memory.execute(f"CREATE VIEW {view}_lines AS SELECT line, {select} FROM {view}_raw")
        names = frozenset(name.strip().lower() for name in header)
        opened = Opened(memory, view, path, names, "Row" if is_parquet else "Line", _zones(memory, view, columns))
        for column in columns:
            _refuse_what_is_no(opened, column)
    except duckdb.Error as error:
        raise FileError(explained(str(error), path)) from error
    return opened


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
    if kind and (any(one in kind for one in _AS_THEY_ARE[wanted]) or (keeps_ids and wanted == _TEXT)):
        return _Column(name, source, source, source, kind)
    text = source if kind and kind != _TEXT else f"nullif(trim({source}), '')"
    return _Column(name, source, text, f"TRY_CAST({text} AS {wanted})", kind)


def _parquet(memory: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, list[str], list[str]]:
    source = f"read_parquet('{_quoted(path)}')"
    told = memory.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return source, [str(row[0]) for row in told], [str(row[1]) for row in told]


def _text(path: Path) -> tuple[str, list[str], list[str]]:
    delimiter, header = _header(path)
    columns = ", ".join(f"'{place}': 'VARCHAR'" for place in range(len(header)))
    longest = max(_USUAL_LINE, min(path.stat().st_size, _LONGEST_LINE))
    source = (
        f"read_csv('{_quoted(path)}', auto_detect = false, skip = 1, delim = '{delimiter}', quote = '\"', "
        f"escape = '\"', columns = {{{columns}}}, max_line_size = {longest}, buffer_size = {max(longest, _BUFFER)})"
    )
    return source, header, [""] * len(header)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _header(path: Path) -> tuple[str, list[str]]:
    """The delimiter and the names. The delimiter is the one that the first line holds most of."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
    except UnicodeDecodeError as error:
        raise FileError("The file is not written in UTF-8; save it as CSV in UTF-8.") from error
    if not first.strip():
        raise FileError(f"The file {path.name} is empty; its first line has to name the columns.")
    if "\0" in first:
        raise FileError(f"{path.name} is not a text; give a CSV file in UTF-8 or a Parquet file.")
    delimiter = max(DELIMITERS, key=first.count)
    return delimiter, next(csv.reader([first], delimiter=delimiter))


def _refuse_what_is_no(opened: Opened, column: _Column) -> None:
    """What is there and cannot be meant: no number, no moment, an endless number, part of a cent."""
    if column.value == column.source or column.kind == _TEXT:
        return
    is_no = f"TRY_CAST({column.text} AS {column.kind}) IS NULL"
    if column.kind == _NUMBER:
        is_no += f" OR NOT isfinite(TRY_CAST({column.text} AS DOUBLE))"
    if column.kind == _WHOLE:
        is_no += f" OR TRY_CAST({column.text} AS DOUBLE) <> TRY_CAST({column.text} AS BIGINT)"
    found = opened.memory.execute(
        f"SELECT line, {column.source} FROM {opened.view}_raw WHERE {column.text} IS NOT NULL AND ({is_no}) LIMIT 1"
    ).fetchone()
    if found:
        raise FileError(f"{opened.word} {found[0]}: {column.name} is “{found[1]}”; write {_WRITE[column.kind]}.")


def _zones(memory: duckdb.DuckDBPyConnection, view: str, columns: list[_Column]) -> bool | None:
    """Raises FileError where some moments of a file have a time zone and others have none."""
    told: dict[bool, str] = {}
    for column in (one for one in columns if one.kind == _MOMENT):
        for has_zone, where in _zones_of(memory, view, column):
            told.setdefault(has_zone, f"{where}{column.name}")
    if len(told) == 2:
        raise FileError(
            f"{told[False]} has no time zone, but others have one; "
            "write all moments with one, such as 2026-03-31T12:00:00Z."
        )
    return next(iter(told), None)


def _zones_of(memory: duckdb.DuckDBPyConnection, view: str, column: _Column) -> list[tuple[bool, str]]:
    """Whether there are moments with, and without, a time zone; and in which line the first of them stands."""
    if column.value == column.source:
        return [] if column.has == "DATE" else [("ZONE" in column.has, "")]
    found = memory.execute(
        f"""
        SELECT regexp_matches({column.text}, '{_ZONE}') AS has_zone, min(line) FROM {view}_raw
        WHERE contains({column.text}, ':') GROUP BY has_zone
        """
    ).fetchall()
    return [(bool(has_zone), f"Line {line}: ") for has_zone, line in found]


def explained(message: str, path: Path) -> str:
    """What the engine says of a file it cannot read, as a sentence that says what to do."""
    line = re.search(r"Line: (\d+)", message)
    columns = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    where = f"Line {line[1]}" if line else path.name
    if columns:
        return f"{where} has {columns[2]} columns instead of {columns[1]}. Mend it, or put quotes around a text."
    if "unterminated quote" in message.lower():
        return f"{where}: a quote is opened and never closed; close it, or write it twice where it is meant."
    if "maximum line size" in message.lower():
        limit = f"{where} is longer than {_LONGEST_LINE >> 20} MB"
        return f"{limit}; give its touchpoints a line each: path_id, touched_at, channel, converted_at."
    if "unicode" in message.lower() or "utf-8" in message.lower():
        return f"{where} is not written in UTF-8; save the file as CSV in UTF-8."
    if "parquet" in message.lower():
        return f"{path.name} is not a whole Parquet file; export it again."
    return f"{where} cannot be read: {message.splitlines()[0]}"
