"""How ClickHouse says what DuckDB's words mean, where sqlglot's own translation means something else.

Each entry is one difference found by `tests/store/test_dialect.py`, which asks both engines the same questions.
"""

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.dialects.clickhouse import ClickHouse
from sqlglot.generators.clickhouse import ClickHouseGenerator

MOMENT = "DateTime64(6, 'UTC')"
Said = Callable[[Any, Any], str]


def _renamed(name: str) -> Said:
    return lambda self, e: self.func(name, *[part for part in e.args.values() if isinstance(part, exp.Expr)])


def _round(self: Any, e: exp.Round) -> str:
    """Half away from zero as in DuckDB; ClickHouse rounds halves of doubles to the even neighbour."""
    value, decimals = self.sql(e, "this"), self.sql(e, "decimals") or "0"
    if decimals == "0":
        return f"(sign({value}) * floor(abs({value}) + 0.5))"
    return f"(sign({value}) * floor(abs({value}) * exp10({decimals}) + 0.5) / exp10({decimals}))"


STARTS = {
    "SECOND": "toStartOfSecond",
    "MINUTE": "toStartOfMinute",
    "HOUR": "toStartOfHour",
    "DAY": "toStartOfDay",
    "WEEK": "toMonday",
    "MONTH": "toStartOfMonth",
    "QUARTER": "toStartOfQuarter",
    "YEAR": "toStartOfYear",
}


def _trunc(self: Any, e: exp.TimestampTrunc | exp.DateTrunc) -> str:
    """A moment, unless it is at once made a day: then the day in the zone the moment was brought to."""
    start = f"{STARTS[e.text('unit').upper()]}({self.sql(e, 'this')})"
    return start if isinstance(e.parent, exp.Cast) else f"CAST({start} AS Nullable({MOMENT}))"


def _log(self: Any, e: exp.Log) -> str:
    """`log10(x)` is parsed as Log(10, x) and `log(x)`, base ten in DuckDB, as Log(x)."""
    if e.expression is None:
        return f"log10({self.sql(e, 'this')})"
    return f"log10({self.sql(e, 'expression')}) / log10({self.sql(e, 'this')})"


def _generated(self: Any, e: exp.GenerateSeries) -> str:
    end = self.sql(e, "end") + ("" if e.args.get("is_end_exclusive") else " + 1")
    return f"range(toInt64({self.sql(e, 'start')}), toInt64({end}))"


def _neighbour(name: str) -> Said:
    """lag and lead give NULL beyond the edge; ClickHouse gives the type's default unless the value is Nullable."""

    def said(self: Any, e: exp.Lag | exp.Lead) -> str:
        value = f"toNullable({self.sql(e, 'this')})"
        return self.func(name, value, e.args.get("offset"), e.args.get("default"))  # type: ignore[no-any-return]

    return said


def _counted(said: str) -> str:
    """Counts are UInt64 in ClickHouse, which has no common type with the Int64 of all other integers."""
    return f"toInt64({said})"


class SharedGenerator(ClickHouseGenerator):
    TYPE_MAPPING = {
        **ClickHouseGenerator.TYPE_MAPPING,
        exp.DType.DATE: "Date32",
        exp.DType.TIMESTAMP: MOMENT,
        exp.DType.TIMESTAMPNTZ: MOMENT,
        exp.DType.TIMESTAMPTZ: MOMENT,
        exp.DType.INT: "Int64",
        exp.DType.FLOAT: "Float64",
    }
    TRANSFORMS = {
        **ClickHouseGenerator.TRANSFORMS,
        exp.AtTimeZone: lambda self, e: self.func("toTimeZone", e.this, e.args.get("zone")),
        exp.GenerateSeries: _generated,
        exp.IntDiv: lambda self, e: self.func("intDiv", e.this, e.expression),
        exp.JSONExtractScalar: lambda self, e: self.func(
            "JSONExtract", e.this, *_keys(e), exp.Literal.string("Nullable(String)")
        ),
        exp.Lag: _neighbour("lag"),
        exp.Lead: _neighbour("lead"),
        exp.Left: _renamed("leftUTF8"),
        exp.Length: lambda self, e: _counted(self.func("lengthUTF8", e.this)),
        exp.Log: _log,
        exp.LogicalAnd: _renamed("min"),
        exp.LogicalOr: _renamed("max"),
        exp.Lower: _renamed("lowerUTF8"),
        exp.Median: lambda self, e: f"quantileExactInclusive(0.5)({self.sql(e, 'this')})",
        exp.PercentileCont: lambda self, e: (
            f"quantileExactInclusive({self.sql(e, 'expression')})({self.sql(e, 'this')})"
        ),
        exp.Right: _renamed("rightUTF8"),
        exp.Round: _round,
        exp.SplitPart: lambda self, e: (
            f"splitByString({self.sql(e, 'delimiter')}, {self.sql(e, 'this')})[{self.sql(e, 'part_index')}]"
        ),
        exp.StrPosition: lambda self, e: _counted(self.func("positionUTF8", e.this, e.args.get("substr"))),
        exp.Substring: lambda self, e: self.func("substringUTF8", e.this, e.args.get("start"), e.args.get("length")),
        exp.TimeToUnix: lambda self, e: f"(toUnixTimestamp64Micro({self.sql(e, 'this')}) / 1000000)",
        exp.TimestampTrunc: _trunc,
        exp.DateTrunc: _trunc,
        exp.TryCast: lambda self, e: f"accurateCastOrNull({self.sql(e, 'this')}, '{self.sql(e.to)}')",
        exp.UnixToTime: lambda self, e: self.func("toUnixTimestamp64Milli", e.this),  # how `epoch_ms(moment)` is parsed
        exp.Upper: _renamed("upperUTF8"),
    }


class SharedClickHouse(ClickHouse):
    Generator = SharedGenerator


def _keys(e: exp.JSONExtractScalar) -> list[exp.Expr]:
    """The keys of a path such as `$.plan`; a parameter in place of a path is one key."""
    if isinstance(e.expression, exp.Placeholder):
        return [e.expression]
    return [exp.Literal.string(part.this) for part in e.expression.find_all(exp.JSONPathKey)]
