"""DuckDB's SQL turned into ClickHouse's, once per text.

Only what both engines answer alike is let through (docs/ARCHITECTURE.md, "SQL for two engines"); anything else is
refused here with its name, so that a question cannot quietly mean two things.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from loopline.store.clickhouse_words import MOMENT, SharedClickHouse
from loopline.store.engine import StoreError, Value

FUNCTIONS = {
    "epoch_us": "toUnixTimestamp64Micro",
    "timezone": None,
}
"""Functions that sqlglot does not know, by their ClickHouse names; None: rewritten below."""

REFUSED: dict[type[exp.Expr], str] = {
    exp.First: "any_value(), or arg_min() with what decides",
    exp.Last: "arg_max() with what decides",
    exp.ArrayAgg: "one row per item",
    exp.GroupConcat: "one row per item",
    exp.CurrentTimestamp: "a $now parameter, so that the answer can be repeated",
    exp.CurrentDate: "a $today parameter, so that the answer can be repeated",
    exp.Rand: "hash of an id",
    exp.TsOrDsAdd: "days + a number",
}
"""Words whose answer differs between the engines or between two runs, and what to write instead."""

COUNTS = (exp.Count, exp.CountIf, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile)
INTEGERS = exp.DataType.INTEGER_TYPES
FRACTIONS = (exp.Div, exp.Avg, exp.Pow, exp.Exp, exp.Ln, exp.Sqrt, exp.Median, exp.PercentileCont)


def kind_of(name: str, value: Value) -> str:
    """The ClickHouse type of a parameter's value; "" for NULL, which is written into the text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Bool"
    if isinstance(value, datetime):
        return MOMENT
    for kind, said in ((str, "String"), (int, "Int64"), (float, "Float64"), (date, "Date32")):
        if isinstance(value, kind):
            return said
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "Array(String)"
    raise StoreError(f"${name} cannot be given to the event store: {value!r}")


def names_in(sql: str) -> frozenset[str]:
    """The `$name` parameters of a statement. Raises StoreError unless it is one SELECT."""
    return frozenset(place.name for place in _parsed(sql).find_all(exp.Placeholder))


def translate(sql: str, params: Mapping[str, Value]) -> str:
    """ClickHouse's text for `sql`, with typed `{name:Type}` places for the values in `params`."""
    return _translated(sql, tuple((name, kind_of(name, value)) for name, value in sorted(params.items())))


@lru_cache(maxsize=512)
def _parsed(sql: str) -> exp.Query:
    try:
        statements = sqlglot.parse(sql, read="duckdb")
    except SqlglotError as error:
        raise StoreError(f"The event store cannot read this question: {error}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise StoreError(f"Only one SELECT is answered here, not: {sql.strip()[:200]}")
    return statements[0]


@lru_cache(maxsize=2048)
def _translated(sql: str, kinds: tuple[tuple[str, str], ...]) -> str:
    query = _parsed(sql).copy()
    _refuse_what_differs(query)
    for change in (_truth_as_bool, _counts_as_int64, _zones, _intervals):
        for node in list(query.walk()):
            change(node)
    _fill_places(query, dict(kinds))
    return query.sql(dialect=SharedClickHouse)


def _refuse_what_differs(query: exp.Query) -> None:
    for table in query.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.db:
            raise StoreError(f"Only tables and named parts of the question can be read, not: {table.sql('duckdb')}")
    for node in query.walk():
        if instead := REFUSED.get(type(node)):
            raise StoreError(f"{node.sql('duckdb')} is answered differently by the two engines; use {instead}")
        if isinstance(node, exp.Anonymous) and node.name.lower() not in FUNCTIONS:
            raise StoreError(f"{node.name}() is not in the SQL both engines share; see store/clickhouse_sql.py")
        if isinstance(node, exp.Cast) and node.to.this in INTEGERS and isinstance(node.this.unnest(), FRACTIONS):
            raise StoreError(f"{node.sql('duckdb')} is rounded by one engine and cut by the other; use floor() first")


def _truth_as_bool(node: exp.Expr) -> None:
    """A condition in a SELECT list is UInt8 in ClickHouse; make it the Bool it is in DuckDB."""
    if not isinstance(node, exp.Select):
        return
    for column in node.expressions:
        value = column.unalias()
        if isinstance(value.unnest(), exp.Predicate | exp.Connector | exp.Not) and not isinstance(value, exp.Subquery):
            value.replace(exp.cast(value.copy(), exp.DType.BOOLEAN))


def _counts_as_int64(node: exp.Expr) -> None:
    """Counts are UInt64 in ClickHouse, which has no common type with the Int64 of all other integers."""
    if not isinstance(node, COUNTS):
        return
    whole: exp.Expr = node
    while isinstance(whole.parent, exp.Filter | exp.Window) and whole.parent.this is whole:
        whole = whole.parent
    whole.replace(exp.Anonymous(this="toInt64", expressions=[whole.copy()]))


def _zones(node: exp.Expr) -> None:
    if isinstance(node, exp.Anonymous) and node.name.lower() == "timezone":
        zone, moment = node.expressions
        node.replace(exp.AtTimeZone(this=moment.copy(), zone=zone.copy()))
    elif isinstance(node, exp.Anonymous) and (name := FUNCTIONS.get(node.name.lower())):
        node.set("this", name)


def _intervals(node: exp.Expr) -> None:
    """`INTERVAL '7' DAYS` is `INTERVAL 7 DAY` in ClickHouse."""
    if isinstance(node, exp.Interval) and node.unit:
        node.set("unit", exp.var(node.unit.name.upper().removesuffix("S")))


def _fill_places(query: exp.Query, kinds: Mapping[str, str]) -> None:
    for place in list(query.find_all(exp.Placeholder)):
        kind = kinds[place.name]
        place.replace(exp.Placeholder(this=place.name, kind=kind) if kind else exp.Null())
