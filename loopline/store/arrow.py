"""Rows as Arrow: records into the columns of a table, and answers into the few types both engines share."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from loopline.lib.times import as_utc, parse_moment
from loopline.store.engine import Row, StoreError
from loopline.store.schema import ARROW_TYPES, Column, Kind, Table


def to_arrow(table: Table, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """`rows` as columns of `table`.

    A missing text is "", a missing nullable value NULL, a missing `recorded_at` NULL (the store stamps it). Times are
    aware datetimes or ISO 8601 texts. Raises StoreError for an unknown column, a missing required value and a value
    of the wrong type, naming the column.
    """
    known = {column.name for column in table.columns}
    for row in rows:
        if not row.keys() <= known:
            raise StoreError(f"{table.key} has no column {', '.join(sorted(row.keys() - known))}")
    return pa.table([_array(table, column, rows) for column in table.columns], schema=_writable_schema(table))


def _writable_schema(table: Table) -> pa.Schema:
    """The table's schema with a `recorded_at` that may be NULL until the store stamps it."""
    schema = table.arrow_schema
    at = schema.get_field_index("recorded_at")
    return schema.set(at, schema.field(at).with_nullable(True))


def _array(table: Table, column: Column, rows: Sequence[Mapping[str, object]]) -> pa.Array:
    name = column.name
    values = [row.get(name) for row in rows]
    if column.kind is Kind.TEXT:
        values = ["" if value is None else value for value in values]
    elif parse := _PARSERS.get(column.kind):
        try:
            values = [None if value is None else parse(value) for value in values]
        except (TypeError, ValueError) as error:
            raise StoreError(f"{table.key}.{name}: {error}") from error
    try:
        # a typed array would silently cut 1.5 to 1; a cast refuses it
        array = (
            pa.array(values).cast(pa.int64()) if column.kind is Kind.INT else pa.array(values, ARROW_TYPES[column.kind])
        )
    except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
        raise StoreError(f"{table.key}.{name} holds {column.kind} values: {error}") from error
    if array.null_count and not column.nullable and name != "recorded_at":
        raise StoreError(f"{table.key}.{name} is missing in row {pc.index(array.is_null(), True).as_py()}")
    return array


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return as_utc(value)
    if isinstance(value, str):
        return parse_moment(value)
    raise TypeError(f"{value!r} is not a moment")


def _day(value: object) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise TypeError(f"{value!r} is not a day")


_PARSERS: dict[Kind, Callable[[object], object]] = {Kind.TIME: _moment, Kind.DATE: _day}


def checked(table: Table, rows: pa.Table) -> pa.Table:
    """`rows` in exactly the columns and types of `table`; `recorded_at` may be missing or NULL.

    Raises StoreError for an unknown or missing column, a wrong type, or a NULL where none may be.
    """
    if "recorded_at" not in rows.column_names:
        rows = rows.append_column("recorded_at", pa.nulls(rows.num_rows, ARROW_TYPES[Kind.TIME]))
    wanted = [column.name for column in table.columns]
    if difference := set(wanted) ^ set(rows.column_names):
        raise StoreError(f"rows for {table.key} differ from its columns in: {', '.join(sorted(difference))}")
    try:
        rows = rows.select(wanted).cast(_writable_schema(table))
    except (pa.ArrowException, ValueError) as error:
        raise StoreError(f"rows for {table.key} do not fit its columns: {error}") from error
    for column in table.columns:
        if rows[column.name].null_count and not column.nullable and column.name != "recorded_at":
            raise StoreError(f"rows for {table.key} have NULL in {column.name}")
    return rows


def stamped(rows: pa.Table, stamp: datetime) -> pa.Table:
    """`rows` with `recorded_at` filled where it is NULL. Raises StoreError for one that lies after `stamp`."""
    at = rows.column_names.index("recorded_at")
    given = rows.column(at)
    if given.null_count < len(given) and pc.max(given).as_py() > stamp:
        raise StoreError("recorded_at lies in the future; rows of history carry the time at which they were learned")
    return rows.set_column(at, "recorded_at", given.fill_null(pa.scalar(stamp, ARROW_TYPES[Kind.TIME])))


def plain(answer: pa.Table) -> pa.Table:
    """An engine's answer in the types both share: int64, double, bool, text, date, UTC microseconds.

    Raises StoreError for an integer beyond 64 bits.
    """
    if not answer.num_columns:
        return answer
    try:
        columns = [_plain_column(answer.column(at)) for at in range(answer.num_columns)]
    except pa.ArrowInvalid as error:
        raise StoreError(f"A figure of the answer does not fit 64 bits: {error}") from error
    return pa.table(columns, names=answer.column_names)


def _plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain_column(column.cast(kind.value_type))
    target = _plain_type(kind)
    return column if target == kind else column.cast(target)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):
        return pa.int64()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.float64()
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_binary(kind):
        return pa.string()
    if pa.types.is_timestamp(kind):
        return ARROW_TYPES[Kind.TIME]
    if pa.types.is_date(kind):
        return pa.date32()
    if pa.types.is_boolean(kind) or pa.types.is_string(kind) or pa.types.is_null(kind):
        return kind
    raise StoreError(f"An answer of type {kind} is not shared by both engines; ask for text, numbers, days or moments")


def to_rows(answer: pa.Table) -> list[Row]:
    """The answer as dictionaries, times as aware UTC datetimes."""
    columns = {
        name: [_with_utc(value) for value in answer[name].to_pylist()]
        if pa.types.is_timestamp(answer.schema.field(name).type)
        else answer[name].to_pylist()
        for name in answer.column_names
    }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _with_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)
