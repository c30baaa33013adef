"""What a table of the event store is: append-only columns, written once for both engines.

Text columns are never NULL ("" means nothing was said); a column that can be unknown says `nullable`.
Times are UTC with microseconds. Every table has `recorded_at`: when Loopline learned the row, stamped by the
store as it is written, so that any past state can be asked for again.
"""

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa


class Kind(StrEnum):
    TEXT = "text"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    TIME = "time"
    DATE = "date"


ARROW_TYPES: dict[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.INT: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.BOOL: pa.bool_(),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
    Kind.DATE: pa.date32(),
}


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind
    meaning: str
    nullable: bool = False
    repeats: bool = False
    """True for a text with few distinct values (stored as LowCardinality where the engine has it)."""


@dataclass(frozen=True, slots=True)
class Number:
    """A column beside a text of the same row, which the store makes itself: the text's number, as `hash()` makes it.

    A question that looks for some people's rows among a hundred million reads eight bytes of each in place of forty.
    """

    name: str
    of: str
    """The text column."""

    @property
    def meaning(self) -> str:
        return f"number of `{self.of}`, made by the store; rows are found by it"


@dataclass(frozen=True, slots=True)
class Table:
    key: str
    meaning: str
    columns: tuple[Column, ...]
    order_by: tuple[str, ...]
    """How rows lie on disk in an engine that sorts them."""
    numbers: tuple[Number, ...] = ()
    """Beside the columns: who writes rows does not give them, and nobody reads them from an answer."""

    @property
    def names(self) -> frozenset[str]:
        """Of all that is stored: the columns and the numbers."""
        return frozenset(column.name for column in self.columns) | {number.name for number in self.numbers}

    @property
    def arrow_schema(self) -> pa.Schema:
        return pa.schema([pa.field(one.name, ARROW_TYPES[one.kind], one.nullable) for one in self.columns])


def text(name: str, meaning: str, *, repeats: bool = False) -> Column:
    return Column(name, Kind.TEXT, meaning, repeats=repeats)


def integer(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, Kind.INT, meaning, nullable=nullable)


def moment(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, Kind.TIME, meaning, nullable=nullable)


def day(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, Kind.DATE, meaning, nullable=nullable)


def flag(name: str, meaning: str) -> Column:
    return Column(name, Kind.BOOL, meaning)


RECORDED_AT = moment("recorded_at", "when Loopline learned this row; stamped by the store")


def fact_table(key: str, meaning: str, *columns: Column) -> Table:
    """A table of record versions: `id`, its columns, and the version that decides which row is the latest.

    The state as of T is, per id, the row with the highest version among those with `recorded_at` <= T. A row
    written twice has the same version both times, so it changes nothing.
    """
    return Table(
        key=key,
        meaning=meaning,
        columns=(
            text("id", "id of the record"),
            integer("version", "grows with every change of the record"),
            *columns,
            flag("is_deleted", "the record no longer counts"),
            moment("occurred_at", "business time of this change"),
            RECORDED_AT,
        ),
        order_by=("id", "version"),
    )


SCHEMA_VERSION = 8
"""Grows with a change of a table that an older Loopline could not read or write (a new column or table is such)."""
