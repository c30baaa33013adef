"""What the small charts of a report show, as tidy lines: a row of the report and a period each, in CSV and Parquet.

The lines of a row add up to its figure in the report, but for shares, which are told for each period by itself. There
is no line for the total, so nothing is counted twice.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date
from io import BytesIO, StringIO
from typing import Any, NamedTuple

from loopline.lib.money import Money
from loopline.lib.sheets import safe_cell
from loopline.reports.files.write import aligned, heading, is_money
from loopline.reports.metric import Number, Unit
from loopline.reports.options import OptionError

SERIES_FORMS = ("csv", "parquet")
"""Files that hold the series instead of the table; JSON and XLSX hold both."""


class Point(NamedTuple):
    row: Mapping[str, Any]
    first: str
    last: str
    value: Number
    """Money in minor units; None where the figure of the row is not known."""


def points(told: Mapping[str, Any]) -> Iterator[Point]:
    """Every row of the report in every period. Raises OptionError for a report that shows nothing over time."""
    if not told.get("over_time"):
        raise OptionError(
            f"“{told['title']}” shows nothing over time in this form; its table is there without series.", "series"
        )
    periods = told["over_time"]["periods"]
    for row in told["rows"]:
        values = row["over_time"] or [None] * len(periods)
        for period, value in zip(periods, values, strict=True):
            yield Point(row, period["from"], period["to"], value)


def series_cells(told: Mapping[str, Any]) -> Iterator[list[str]]:
    """Head and lines; money in major units, to the last cent."""
    lines = list(points(told))
    about, currency = told["over_time"], told["currency"]
    yield [told["head"], "Note", "Key", "From", "To", series_head(told)]
    for one in lines:
        cell = (
            ""
            if one.value is None
            else str(Money(int(one.value), currency).major)
            if is_money(about)
            else str(one.value)
        )
        texts = [safe_cell(str(one.row[name])) for name in ("label", "note", "key")]
        yield [*texts, one.first, one.last, cell]


def series_head(told: Mapping[str, Any]) -> str:
    return heading(told["over_time"], told["currency"])


def is_share(about: Mapping[str, Any]) -> bool:
    """The points, as JSON tells of them, are shares: nothing that adds up."""
    return bool(about["unit"] == Unit.PERCENT)


def series_lines(told: Mapping[str, Any]) -> list[str]:
    """The same as lines of text, each column as wide as it needs to be."""
    cells = [[row[0], *row[3:]] for row in series_cells(told)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    about = f"{told['title']}: {told['over_time']['label'].lower()} by {told['over_time']['step']}"
    return [about, "", *(aligned(row, widths) for row in cells)]


def series_csv(told: Mapping[str, Any]) -> bytes:
    to = StringIO()
    csv.writer(to).writerows(series_cells(told))
    return to.getvalue().encode()


def series_parquet(told: Mapping[str, Any]) -> bytes:
    """Days as days; the figure under the key of its metric: a whole number (money in minor units), or percent."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    lines = list(points(told))
    about = told["over_time"]
    texts = {name: pa.array([str(one.row[name]) for one in lines], pa.string()) for name in ("key", "label", "note")}
    table = pa.table(
        texts
        | {
            "is_rest": pa.array([bool(one.row["is_rest"]) for one in lines], pa.bool_()),
            "from": pa.array([date.fromisoformat(one.first) for one in lines], pa.date32()),
            "to": pa.array([date.fromisoformat(one.last) for one in lines], pa.date32()),
            about["metric"]: pa.array([one.value for one in lines], pa.float64() if is_share(about) else pa.int64()),
        }
    )
    words = {name: value for name, value in told.items() if name not in ("rows", "columns")}
    to = BytesIO()
    pq.write_table(table.replace_schema_metadata({"loopline": json.dumps(words, ensure_ascii=False)}), to)
    return to.getvalue()
