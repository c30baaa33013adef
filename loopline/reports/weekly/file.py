"""The weekly table as CSV or Parquet: money in major units, because that is what marketing-mix packages take."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO, StringIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from loopline.lib.money import Money, exponent
from loopline.lib.sheets import safe_cell

HEAD = ("week", "channel", "spend", "touches", "leads", "revenue")
HEAD_WITH_UNIT = ("week", "unit", *HEAD[1:])


def weekly_cells(result: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    """Head and lines; an unknown spend is empty."""
    has_units = result["by"] == "unit"
    yield HEAD_WITH_UNIT if has_units else HEAD
    currency = result["currency"]
    for one in result["rows"]:
        spend = "" if one["spend_minor"] is None else str(Money(one["spend_minor"], currency).major)
        unit = [safe_cell(one["unit"])] if has_units else []
        yield [
            one["week"], *unit, safe_cell(one["channel"]), spend, str(one["touches"]), _count(one["leads"]),
            str(Money(one["revenue_minor"], currency).major),
        ]  # fmt: skip


def _count(value: float) -> str:
    """A credited count to a millionth, as finely as credit is dealt out: `2.333334`, `107`."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def weekly_csv(result: Mapping[str, Any]) -> str:
    to = StringIO()
    csv.writer(to, lineterminator="\n").writerows(weekly_cells(result))
    return to.getvalue()


def weekly_parquet(result: Mapping[str, Any]) -> bytes:
    """`week` is a day, money a double in major units; what it is stands in the metadata."""
    rows, scale = result["rows"], 10 ** exponent(result["currency"])

    def major(name: str) -> pa.Array:
        return pa.array([None if one[name] is None else one[name] / scale for one in rows], pa.float64())

    units = {"unit": pa.array([one["unit"] for one in rows], pa.string())} if result["by"] == "unit" else {}
    table = pa.table(
        {
            "week": pa.array([one["week"] for one in rows], pa.string()).cast(pa.date32()),
            **units,
            "channel": pa.array([one["channel"] for one in rows], pa.string()),
            "spend": major("spend_minor"),
            "touches": pa.array([one["touches"] for one in rows], pa.int64()),
            "leads": pa.array([float(one["leads"]) for one in rows], pa.float64()),
            "revenue": major("revenue_minor"),
        }
    )
    told = {name: str(result[name]) for name in ("title", "from", "to", "as_of", "model", "currency")}
    to = BytesIO()
    pq.write_table(table.replace_schema_metadata(told), to)
    return to.getvalue()
