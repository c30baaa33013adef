"""The mapping file: which column fills which field. TOML, checked whole before a row is read.

system = "olist"                # name of the system that the ids come from
unit = "main"                   # business unit; the command may name another

[[file]]
kind = "leads"                  # leads, deals or ads
path = "leads.csv"              # beside this file; the command may name others
[file.columns]
external_id = "mql_id"          # field = column
[file.values.channel]
paid_search = "Paid Search"     # what the file says = what Loopline says; "*" is anything else, "" is nothing
[file.defaults]
state = "marketing_qualified"   # where the column is not there or its cell is empty
[file.numbered.first_contact]   # no dates in the file: numbers that count up, spread evenly over these days
first = 1000
last = 9000
from = "2025-01-01"
to = "2025-12-31"
[file.custom]                   # fields of your own, of the lead or the person, that rules can ask for
"lead.custom.visits" = "TotalVisits"
"""

import tomllib
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from loopline.rules.errors import RuleError
from loopline.rules.fields import find_field
from loopline.sync.fields import FIELDS, FileKind
from loopline.sync.shape import nearest

_FILE_KEYS = (
    "kind",
    "path",
    "encoding",
    "separator",
    "decimal",
    "dates",
    "columns",
    "values",
    "defaults",
    "numbered",
    "custom",
)
_KEYS = ("system", "unit", "file")


class MappingError(ValueError):
    """The mapping cannot be used; the message says where and what to write."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """Numbers that count up in the order in which rows came, in place of dates: spread evenly over a period."""

    first: int
    last: int
    begin: date
    end: date

    def moment(self, text: str) -> str:
        """The moment a number stands for, as ISO text. Raises ValueError for what is no number of the range."""
        if not text.isascii() or not text.isdigit() or not self.first <= int(text) <= self.last:
            raise ValueError(f"“{text[:40]}” is no number from {self.first} to {self.last}")
        share = (int(text) - self.first) / max(1, self.last - self.first)
        seconds = int(share * ((self.end - self.begin).days + 1) * 86_400 * 0.999_999)
        return (datetime.combine(self.begin, time()) + timedelta(seconds=seconds)).isoformat()


@dataclass(frozen=True, slots=True)
class FileMapping:
    kind: FileKind
    columns: dict[str, str]
    """field → column"""
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    """field → what the file says → what Loopline says"""
    defaults: dict[str, str] = field(default_factory=dict)
    numbered: dict[str, Numbered] = field(default_factory=dict)
    """field that holds a moment → how the numbers of its column stand for one"""
    custom: dict[str, str] = field(default_factory=dict)
    """field of the organisation's own making, such as `lead.custom.visits` → column"""
    path: str = ""
    encoding: str = ""
    separator: str = ""
    decimal: str = "."
    dates: tuple[str, ...] = ()
    """How dates are written, in the words of strptime, tried in order; empty: ISO 8601."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns it needs, each once."""
        return tuple(dict.fromkeys([*self.columns.values(), *self.custom.values()]))


@dataclass(frozen=True, slots=True)
class Mapping:
    system: str
    unit: str
    files: tuple[FileMapping, ...]
    text: str
    """As it was written."""


def read_mapping(text: str) -> Mapping:
    """Raises MappingError for anything that could not do what it seems to say."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"The mapping is no valid TOML: {error}.") from error
    _only(told, _KEYS, "the mapping")
    system = _text(told, "system", "the mapping")
    if not system or len(system) > 40:
        raise MappingError('Give the system that the ids come from, in 1 to 40 characters: system = "crm".')
    files = told.get("file")
    if not isinstance(files, list) or not files or not all(isinstance(one, dict) for one in files):
        raise MappingError("The mapping describes no file; begin one with [[file]].")
    mapped = tuple(_file(one, f"file {place}") for place, one in enumerate(files, 1))
    return Mapping(system, _text(told, "unit", "the mapping"), mapped, text)


def _file(told: Table[str, Any], where: str) -> FileMapping:
    _only(told, _FILE_KEYS, where)
    kind = told.get("kind")
    if kind not in set(FileKind):
        raise MappingError(f"In {where}, kind is {kind!r}; write leads, deals or ads.")
    known = FIELDS[FileKind(kind)]
    columns, defaults = _texts(told, "columns", where), _texts(told, "defaults", where)
    values = {name: _texts(_table(told, "values", where), name, where) for name in _table(told, "values", where)}
    for part, names in (("columns", columns), ("defaults", defaults), ("values", values)):
        for name in names:
            if name not in known:
                raise MappingError(
                    f"In {where}, {part} names “{name}”, which is no field of {kind}{nearest(name, [*known])}."
                )
    _require(FileKind(kind), {*columns, *defaults}, where)
    for name in values:
        if name not in columns:
            raise MappingError(f'In {where}, values for “{name}” need a column: write {name} = "…" under columns.')
    return FileMapping(
        FileKind(kind), columns, values, defaults, _numbered(FileKind(kind), columns, told, where),
        custom=_custom(FileKind(kind), _texts(told, "custom", where), where),
        path=_text(told, "path", where), encoding=_text(told, "encoding", where),
        separator=_one_of(_text(told, "separator", where), ("", ",", ";", "\t", "|"), "separator", where),
        decimal=_one_of(_text(told, "decimal", where) or ".", (".", ","), "decimal", where),
        dates=_dates(told, where),
    )  # fmt: skip


def _numbered(kind: FileKind, columns: Table[str, str], told: Table[str, Any], where: str) -> dict[str, Numbered]:
    return {
        name: _one_numbered(kind, columns, name, one, where) for name, one in _table(told, "numbered", where).items()
    }


def _one_numbered(kind: FileKind, columns: Table[str, str], name: str, told: object, where: str) -> Numbered:
    if name not in columns or FIELDS[kind][name].reads != "moment":
        raise MappingError(f"In {where}, numbered names “{name}”; name a field with a column that holds a moment.")
    try:
        if not isinstance(told, dict) or told.keys() != {"first", "last", "from", "to"}:
            raise ValueError
        begin, end = (date.fromisoformat(str(told[key])) for key in ("from", "to"))
        found = Numbered(int(told["first"]), int(told["last"]), begin, end)
        if found.first > found.last or begin > end:
            raise ValueError
    except (ValueError, TypeError) as error:
        raise MappingError(
            f'In {where}, numbered.{name} needs first and last (numbers) and from and to (days such as "2026-01-31"), '
            "in this order of time."
        ) from error
    return found


def _custom(kind: FileKind, custom: dict[str, str], where: str) -> dict[str, str]:
    for key in custom:
        if kind is not FileKind.LEADS or not key.startswith(("lead.custom.", "person.custom.")):
            raise MappingError(f"In {where}, custom names “{key}”; write lead.custom.… or person.custom.… of leads.")
        try:
            find_field(key)
        except RuleError as error:
            raise MappingError(
                f"In {where}, “{key}” is no name: small letters, digits and _ after the last point."
            ) from error
    return custom


def _require(kind: FileKind, given: set[str], where: str) -> None:
    missing = [name for name, one in FIELDS[kind].items() if one.is_required and name not in given]
    if missing:
        raise MappingError(f"In {where}, {' and '.join(missing)} is needed: say which column it is, or give a default.")
    if kind is FileKind.DEALS and not given & {"external_id", "lead"}:
        raise MappingError(
            f"In {where}, a deal needs external_id or lead, so that the same file twice changes nothing."
        )


def _only(told: Table[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in told:
        if key not in known:
            raise MappingError(
                f"In {where}, “{key}” is not known{nearest(key, known)}. It can hold {', '.join(known)}."
            )


def _table(told: Table[str, Any], key: str, where: str) -> Table[str, Any]:
    value = told.get(key, {})
    if not isinstance(value, dict):
        raise MappingError(f"In {where}, {key} is a table: [file.{key}].")
    return value


def _texts(told: Table[str, Any], key: str, where: str) -> dict[str, str]:
    """A table of texts; numbers and dates are taken as they are written."""
    found = {}
    for name, value in _table(told, key, where).items():
        if isinstance(value, (dict, list, bool)):
            raise MappingError(f"In {where}, {key}.{name} is a text in quotes.")
        found[name] = str(value)
    return found


def _text(told: Table[str, Any], key: str, where: str) -> str:
    value = told.get(key, "")
    if not isinstance(value, str):
        raise MappingError(f"In {where}, {key} is a text in quotes.")
    return value


def _one_of(value: str, allowed: tuple[str, ...], key: str, where: str) -> str:
    if value not in allowed:
        raise MappingError(
            f"In {where}, {key} is {value!r}; it can be {' '.join(repr(one) for one in allowed if one)}."
        )
    return value


def _dates(told: Table[str, Any], where: str) -> tuple[str, ...]:
    value = told.get("dates", [])
    if not isinstance(value, list) or not all(isinstance(one, str) and "%" in one for one in value):
        raise MappingError(f'In {where}, dates is a list of formats such as ["%d.%m.%Y"].')
    return tuple(value)
