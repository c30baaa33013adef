"""The sheet of a workbook that shows a report over time: a row of the report each, a column a period."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from loopline.reports.files.series import is_share, series_head
from loopline.reports.files.sheet_cells import in_major_units, number_format, write_text
from loopline.reports.metric import Number

NAME = "Over time"
_FIRST = 2
"""Columns before the periods: what the row is, and the note beside it."""


def write_series(book: Any, told: Mapping[str, Any]) -> None:
    """Each row adds up to its figure, but for shares; the last line is there where the rows add up to the total."""
    about, currency = told["over_time"], told["currency"]
    sheet = book.add_worksheet(NAME)
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    day = book.add_format({"bold": True, "bottom": 1, "valign": "top", "num_format": "yyyy-mm-dd", "align": "right"})
    form = book.add_format({"num_format": number_format(about, currency)})
    last = book.add_format({"num_format": number_format(about, currency), "bold": True, "top": 1})
    words, total = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "top": 1})
    write_text(sheet, 0, 0, told["head"], bold)
    write_text(sheet, 0, 1, "Note", bold)
    for place, period in enumerate(about["periods"]):
        sheet.write_datetime(0, _FIRST + place, date.fromisoformat(period["from"]), day)
    write_text(sheet, 0, _FIRST + len(about["periods"]), series_head(told), bold)
    for line, row in enumerate(told["rows"], start=1):
        write_text(sheet, line, 0, row["label"], words)
        write_text(sheet, line, 1, row["note"], words)
        _write_points(sheet, line, row["over_time"], row[about["metric"]], about, currency, form)
    if sums := _sums(told):
        line = len(told["rows"]) + 1
        write_text(sheet, line, 0, told["totals"]["label"], total)
        write_text(sheet, line, 1, "", total)
        _write_points(sheet, line, sums, told["totals"][about["metric"]], about, currency, last)
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, 1 + len(about["periods"]) + 1, 13)
    sheet.freeze_panes(1, 1)


def _write_points(
    sheet: Any, line: int, points: Sequence[Number] | None, figure: Number, about: Mapping[str, Any], currency: str,
    form: Any,
) -> None:  # fmt: skip
    values = points if points is not None else [None] * len(about["periods"])
    for place, value in enumerate([*values, figure]):
        if value is None:
            sheet.write_blank(line, _FIRST + place, None, form)
        else:
            sheet.write_number(line, _FIRST + place, in_major_units(value, about, currency), form)


def _sums(told: Mapping[str, Any]) -> list[int]:
    """The points of all rows together; empty where rows overlap, so that they do not add up to the total."""
    metric, rows = told["over_time"]["metric"], told["rows"]
    figures = [row[metric] for row in rows]
    if (
        not told["has_total"]
        or is_share(told["over_time"])
        or None in figures
        or sum(figures) != told["totals"][metric]
    ):
        return []
    return [sum(column) for column in zip(*(row["over_time"] for row in rows), strict=True)]
