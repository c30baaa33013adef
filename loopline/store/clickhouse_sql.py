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

from loopline.store.clickhouse_steps import Step, steps_of
from loopline.store.clickhouse_words import MOMENT, STARTS
from loopline.store.engine import StoreError, Value
from loopline.store.library import TABLES
from loopline.store.touches import CLICKHOUSE_NUMBER, TOUCHES

UNNAMED = {"epoch_us": "toUnixTimestamp64Micro", "timezone": "toTimeZone", "hash": CLICKHOUSE_NUMBER}
"""Functions that sqlglot has no class for, by their ClickHouse names."""

SHARED: tuple[type[exp.Expr], ...] = (
    *(exp.And, exp.Or, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.Cast, exp.TryCast),
    *(exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Median, exp.PercentileCont, exp.Stddev),
    *(exp.AnyValue, exp.ArgMax, exp.ArgMin, exp.LogicalAnd, exp.LogicalOr),
    *(exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue),
    *(exp.Abs, exp.Ceil, exp.Floor, exp.Round, exp.Trunc, exp.Sign, exp.Sqrt, exp.Exp, exp.Ln, exp.Log, exp.Pow),
    *(exp.DateDiff, exp.TimestampTrunc, exp.DateTrunc, exp.Extract, exp.DayOfWeekIso, exp.Year, exp.Month),
    *(exp.TimeToUnix, exp.UnixToTime),
    *(exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Left, exp.Right, exp.Substring, exp.Concat, exp.Replace),
    *(exp.SplitPart, exp.StartsWith, exp.EndsWith, exp.Contains, exp.StrPosition, exp.RegexpLike, exp.MD5),
    *(exp.JSONExtractScalar, exp.ArrayContains, exp.Explode, exp.GenerateSeries, exp.Exists),
)
"""Functions that both engines answer alike; each has a case in `tests/store/dialect_cases.py`."""

INSTEAD: dict[type[exp.Expr], str] = {
    exp.First: "any_value(), or arg_min() with what decides",
    exp.Last: "arg_max() with what decides",
    exp.CurrentTimestamp: "a parameter, so that the answer can be repeated",
    exp.CurrentDate: "a parameter, so that the answer can be repeated",
}

COUNTS = (exp.Count, exp.CountIf, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile)
BOOKS = ("cursors", "batches", "begun", "erasures")
FOREIGN = "cannot be read, only the tables of the event store and named parts of the question can"
DIFFERENCES = {"DAY", "MONTH", "YEAR", "HOUR", "MINUTE", "SECOND"}
LOCAL_TIME_READERS = (exp.Cast, exp.Extract, exp.TimestampTrunc, exp.DayOfWeekIso, exp.Year, exp.Month)
TRUTHS = (
    *(exp.Predicate, exp.Connector, exp.Not, exp.Exists, exp.LogicalAnd, exp.LogicalOr),
    *(exp.StartsWith, exp.EndsWith, exp.Contains, exp.RegexpLike, exp.ArrayContains),
)
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


def translate(sql: str, params: Mapping[str, Value]) -> tuple[Step, ...]:
    """ClickHouse's statements for `sql`, with typed `{name:Type}` places for the values in `params`."""
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
def _translated(sql: str, kinds: tuple[tuple[str, str], ...]) -> tuple[Step, ...]:
    query = _parsed(sql).copy()
    for node in list(query.walk()):
        _unnamed(node)
    _refuse_what_differs(query)
    for change in (_truth_as_bool, _counts_as_int64, _intervals):
        for node in list(query.walk()):
            change(node)
    _fill_places(query, dict(kinds))
    return steps_of(query)


def _refuse_what_differs(query: exp.Query) -> None:
    readable = {*TABLES, TOUCHES, *BOOKS, *(part.alias for part in query.find_all(exp.CTE))}
    for node in query.walk():
        is_foreign = isinstance(node, exp.Table) and (node.name not in readable or bool(node.db))
        if reason := FOREIGN if is_foreign else _difference(node):
            raise StoreError(f"{node.sql('duckdb')} {reason}. See docs/ARCHITECTURE.md, “SQL for two engines”.")


def _difference(node: exp.Expr) -> str:
    """Why the engines would not answer this part alike, and what to write instead; "" when they do."""
    if isinstance(node, exp.Anonymous) and node.name in UNNAMED.values():
        return "is another number on each engine and cannot be an answer" if _is_answered_number(node) else ""
    if isinstance(node, exp.Func) and not isinstance(node, SHARED):
        return f"is not in the SQL that both engines share; use {INSTEAD.get(type(node), 'what both have')}"
    if isinstance(node, exp.Cast) and node.to.this in INTEGERS and isinstance(node.this.unnest(), FRACTIONS):
        return "is rounded by one engine and cut by the other; use floor() or round() first"
    if isinstance(node, exp.DateDiff) and node.text("unit").upper() not in DIFFERENCES:
        return "is counted differently by the two engines; count days"
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc) and node.text("unit").upper() not in STARTS:
        return f"is not shared; the units are {', '.join(STARTS)}"
    if isinstance(node, exp.AtTimeZone) and not isinstance(node.parent, LOCAL_TIME_READERS):
        return "is a local time, which only one engine has; cast it to a DATE or extract a part of it"
    return ""


def _is_answered_number(node: exp.Anonymous) -> bool:
    """A `hash(x)` that leaves the question as a column of its own."""
    if node.name != UNNAMED["hash"]:
        return False
    column = node.parent if isinstance(node.parent, exp.Alias) else node
    return isinstance(column.parent, exp.Select) and column.find_ancestor(exp.CTE, exp.Subquery, exp.In) is None


def _truth_as_bool(node: exp.Expr) -> None:
    """A condition in a SELECT list is UInt8 in ClickHouse; make it the Bool it is in DuckDB."""
    if not isinstance(node, exp.Select):
        return
    for column in node.expressions:
        value = column.unalias()
        if isinstance(value.unnest(), TRUTHS) and not isinstance(value, exp.Subquery):
            value.replace(exp.cast(value.copy(), exp.DType.BOOLEAN))


def _counts_as_int64(node: exp.Expr) -> None:
    """Counts are UInt64 in ClickHouse, which has no common type with the Int64 of all other integers."""
    if not isinstance(node, COUNTS):
        return
    whole: exp.Expr = node
    while isinstance(whole.parent, exp.Filter | exp.Window) and whole.parent.this is whole:
        whole = whole.parent
    whole.replace(exp.Anonymous(this="toInt64", expressions=[whole.copy()]))


def _unnamed(node: exp.Expr) -> None:
    if not isinstance(node, exp.Anonymous) or (name := UNNAMED.get(node.name.lower())) is None:
        return
    if name == "toTimeZone":
        zone, moment = node.expressions
        node.replace(exp.AtTimeZone(this=moment.copy(), zone=zone.copy()))
    else:
        node.set("this", name)


def _intervals(node: exp.Expr) -> None:
    """`INTERVAL '7' DAYS` is `INTERVAL 7 DAY` in ClickHouse."""
    if isinstance(node, exp.Interval) and node.unit:
        node.set("unit", exp.var(node.unit.name.upper().removesuffix("S")))


def _fill_places(query: exp.Query, kinds: Mapping[str, str]) -> None:
    for place in list(query.find_all(exp.Placeholder)):
        kind = kinds[place.name]
        place.replace(exp.Placeholder(this=place.name, kind=kind) if kind else exp.Null())
