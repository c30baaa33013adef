"""The known columns of a file: how each is read, and whether all that stands in it can be meant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from loopline.attribution.file_lines import FileError, first_lines, following, where
from loopline.attribution.written_numbers import COMMA, POINT, Marks, may_be_either, two_ways

TEXT, NUMBER, WHOLE, MOMENT = "VARCHAR", "DOUBLE", "BIGINT", "TIMESTAMPTZ"
KINDS: Mapping[str, str] = {
    **dict.fromkeys(("path", "path_id", "channel", "touch_kind", "person_id", "identity"), TEXT),
    **dict.fromkeys(("total_conversions", "total_conversion_value", "total_null", "value"), NUMBER),
    "amount_minor": WHOLE,
    **dict.fromkeys(("touched_at", "converted_at", "lead_created_at", "opportunity_created_at"), MOMENT),
}
"""What each column that is known holds, whichever file it stands in."""
_WRITE = {
    NUMBER: "a number such as 12 or 12.50",
    WHOLE: "whole cents such as 1250",
    MOMENT: "a moment such as 2026-03-31T12:00:00Z",
}
_ZONED, _NANOSECONDS = "TIMESTAMP WITH TIME ZONE", {"TIMESTAMP_NS": "TIMESTAMP", "TIMESTAMPTZ_NS": "TIMESTAMPTZ"}
"""Data frames keep nanoseconds, with which DuckDB cannot reckon; microseconds are kept."""
_AS_THEY_ARE = {TEXT: (), NUMBER: (), WHOLE: ("INT",), MOMENT: ("TIMESTAMP", "DATE")}
_ZONE = r":\d{2}.*([zZ]|UTC|[+-]\d{2}(:?\d{2})?)$"
"""A clock time with a zone behind it. A day alone has no clock, and is its midnight."""

_Asked = tuple[object, str]
"""What is asked of a column, and its name."""


@dataclass(frozen=True, slots=True)
class Column:
    """A known column: `source` is how the file has it, `text` the same where nothing but spaces is nothing, `plain` so
    that the engine can read it, `has` its type there, empty in a text file."""

    name: str
    source: str
    text: str
    plain: str
    value: str
    has: str

    @property
    def kind(self) -> str:
        return KINDS[self.name]

    @property
    def is_written_number(self) -> bool:
        return self.kind in (NUMBER, WHOLE) and self.has in ("", TEXT)

    def with_marks(self, marks: Marks) -> "Column":
        """Where it is a number that stands there as a text."""
        if not self.is_written_number:
            return self
        plain = marks.plain(self.text)
        return replace(self, plain=plain, value=f"TRY_CAST({plain} AS {self.kind})")


def column_of(name: str, column: str, kind: str, keeps_ids: bool) -> Column:
    source, wanted = '"' + column.replace('"', '""') + '"', KINDS[name]
    if plain := _NANOSECONDS.get(kind):
        source, kind = f"CAST({source} AS {plain})", _ZONED if plain == MOMENT else plain
    if kind and (any(one in kind for one in _AS_THEY_ARE[wanted]) or (keeps_ids and wanted == TEXT)):
        return Column(name, source, source, source, source, kind)
    is_kept = kind not in ("", TEXT) and wanted != MOMENT
    text = source if is_kept else f"nullif(trim(CAST({source} AS {TEXT})), '')"
    return Column(name, source, text, text, f"TRY_CAST({text} AS {wanted})", kind)


@dataclass(frozen=True, slots=True)
class Look:
    """For looking through a file: the first line of each column to which something applies, and what stands there."""

    memory: duckdb.DuckDBPyConnection
    view: str
    path: Path
    word: str

    def first(self, asked: Mapping[_Asked, str]) -> dict[_Asked, int | None]:
        with following(self.memory, f"checking {self.path.name}"):
            return dict(zip(asked, first_lines(self.memory, self.view, list(asked.values())), strict=True))

    def where(self, line: int) -> str:
        return where(self.path, self.word, line)

    def text(self, column: Column, line: int) -> str:
        [(text,)] = self.memory.execute(f"SELECT {column.text} FROM {self.view} WHERE line = {line}").fetchall()
        return str(text)


def looked_through(look: Look, columns: Sequence[Column]) -> tuple[Sequence[Column], bool | None]:
    """The columns as they are to be read, and whether the moments of the file have a time zone; None where it has none.

    Raises FileError for what is there and cannot be meant: no number, one that may be either of two, no moment, an
    endless one, part of a cent; and where some moments have a time zone, or some numbers a decimal comma, and others
    have none.
    """
    read = [one for one in columns if one.value != one.source and one.kind != TEXT]
    numbers = [one for one in read if one.is_written_number]
    moments = [one for one in read if one.kind == MOMENT]
    asked: dict[_Asked, str] = {(_is_no, one.name): _is_no(one) for one in read}
    asked |= {(zone, one.name): _is_at_a_clock(one, zone) for zone in (True, False) for one in moments}
    asked |= {(may_be_either, one.name): may_be_either(one.text) for one in numbers}
    found = look.first(asked)
    if any(found[way, one.name] for way in (_is_no, may_be_either) for one in numbers):
        marks = _marks(look, numbers)
        columns, read = ([one.with_marks(marks) for one in some] for some in (columns, read))
        found |= look.first({(_is_no, one.name): _is_no(one) for one in read if one.is_written_number})
    for column in read:
        if (line := found[_is_no, column.name]) is not None:
            raise FileError(
                f"{look.where(line)}: {column.name} is “{look.text(column, line)}”; write {_WRITE[column.kind]}."
            )
    return columns, _zone(look, found, columns, moments)


def _marks(look: Look, numbers: Sequence[Column]) -> Marks:
    """The marks that the numbers of the file have."""
    ways = (POINT.tells, COMMA.tells, may_be_either)
    found = look.first({(way, one.name): way(one.text) for way in ways for one in numbers})

    def first(way: object) -> tuple[int, Column] | None:
        lines = [(line, one) for one in numbers if (line := found[way, one.name]) is not None]
        return min(lines, key=lambda told: told[0], default=None)

    point, comma, either = first(POINT.tells), first(COMMA.tells), first(may_be_either)
    if point and comma:
        (line, column), (later, other) = sorted((point, comma), key=lambda told: told[0])
        raise FileError(
            f"{look.where(later)}: {other.name} is “{look.text(other, later)}”, but {look.where(line).lower()} has "
            f"“{look.text(column, line)}”; write all numbers with the same decimal mark, such as 12.50."
        )
    if either and not (point or comma):
        line, column = either
        text = look.text(column, line)
        raise FileError(f"{look.where(line)}: {column.name} is “{text}”, which {two_ways(text)}.")
    return COMMA if comma else POINT


def _zone(
    look: Look, found: Mapping[_Asked, int | None], columns: Sequence[Column], moments: Sequence[Column]
) -> bool | None:
    told = {
        "ZONE" in one.has: one.name
        for one in columns
        if one.kind == MOMENT and one not in moments and one.has != "DATE"
    }
    for has_zone in (True, False):
        for column in moments:
            if (line := found[has_zone, column.name]) is not None:
                told.setdefault(has_zone, f"{look.where(line)}: {column.name}")
    if len(told) == 2:
        raise FileError(
            f"{told[False]} has no time zone, but others have one; "
            "write all moments with one, such as 2026-03-31T12:00:00Z."
        )
    return next(iter(told), None)


def _is_no(column: Column) -> str:
    is_no = f"TRY_CAST({column.plain} AS {column.kind}) IS NULL"
    if column.kind in (NUMBER, MOMENT):
        is_no += f" OR NOT isfinite(TRY_CAST({column.plain} AS {column.kind}))"
    if column.kind == MOMENT:
        is_no += f" OR {is_far(f'TRY_CAST({column.plain} AS {MOMENT})')}"
    if column.kind == WHOLE:
        is_no += f" OR TRY_CAST({column.plain} AS DOUBLE) <> TRY_CAST({column.plain} AS BIGINT)"
    return f"{column.text} IS NOT NULL AND ({is_no})"


def is_far(moment: str) -> str:
    """A moment in no year that is written with four digits (in some zone the last of them has ended already)."""
    return f"year({moment}) NOT BETWEEN 1 AND 10000"


def _is_at_a_clock(column: Column, has_zone: bool) -> str:
    """A moment with a clock time, and a time zone or none."""
    return f"contains({column.text}, ':') AND {'' if has_zone else 'NOT '}regexp_matches({column.text}, '{_ZONE}')"
