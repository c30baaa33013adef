"""A report's JSON as a file: CSV, JSON, a spreadsheet (XLSX), Parquet.

XLSX holds numbers as numbers, money in major units, and every text as text: none can run as a formula or a link; what
rows show over time is its second sheet. Parquet holds money in minor units, as the JSON does, and
the report's own words in its metadata.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO, StringIO
from typing import Any

from loopline.reports.asked_words import asked_words
from loopline.reports.files.series import SERIES_FORMS, series_csv, series_parquet
from loopline.reports.files.series_sheet import write_series
from loopline.reports.files.sheet_cells import PLAIN, in_major_units, number_format, write_text
from loopline.reports.files.write import heading, is_money, written_cells
from loopline.reports.keepable import KEEPABLE
from loopline.reports.weekly.export import weekly_exported
from loopline.reports.weekly.figures import KEY as WEEKLY
from loopline.reports.weekly.lines import as_table

FORMS: dict[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
"""What a report can be downloaded as, with its media type."""
_WIDEST = 60


def exported(result: Mapping[str, Any], form: str, *, is_series: bool = False) -> bytes:
    """The report as a file of this form, one of FORMS; `is_series`: CSV and Parquet hold what its rows show over time.

    A weekly table is written as packages of marketing-mix models take it, but for JSON. Raises OptionError for the
    series of a report that shows nothing over time.
    """
    if is_series and form in SERIES_FORMS:
        return series_csv(result) if form == "csv" else series_parquet(result)
    if result["report"] == WEEKLY and form != "json":
        return weekly_exported(as_table(result), form)
    match form:
        case "csv":
            to = StringIO()
            csv.writer(to).writerows(written_cells(result))
            return to.getvalue().encode()
        case "json":
            return json.dumps(result, ensure_ascii=False, indent=1).encode()
        case "xlsx":
            return xlsx_bytes(result)
        case _:
            return parquet_bytes(result)


def xlsx_bytes(result: Mapping[str, Any]) -> bytes:
    """The table with its total, what its rows show over time where they do, and how the figures are made."""
    import xlsxwriter  # only where a spreadsheet is asked for

    to = BytesIO()
    book = xlsxwriter.Workbook(to, PLAIN)
    # Made when its figures were so: the same figures are the same file, byte by byte.
    made = datetime.fromisoformat(result["as_of"])
    book.set_properties({"title": result["title"], "comments": f"as of {result['as_of']}", "created": made})
    _write_table(book, result)
    if result.get("over_time"):
        write_series(book, result)
    _write_about(book, result)
    book.close()
    return to.getvalue()


def _write_table(book: Any, result: Mapping[str, Any]) -> None:
    columns, currency = result["columns"], result["currency"]
    sheet = book.add_worksheet("Report")
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    label, total = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "top": 1})
    formats = [book.add_format({"num_format": number_format(one, currency)}) for one in columns]
    totals = [book.add_format({"num_format": number_format(one, currency), "bold": True, "top": 1}) for one in columns]
    for place, words in enumerate([result["head"], "Note", *(heading(one, currency) for one in columns)]):
        write_text(sheet, 0, place, words, head)
    for line, row in enumerate(result["rows"], start=1):
        _write_row(sheet, line, row, columns, currency, label, formats)
    if result["has_total"]:
        _write_row(sheet, len(result["rows"]) + 1, result["totals"], columns, currency, total, totals)
    widest = max((len(str(row["label"])) for row in result["rows"]), default=10)
    sheet.set_column(0, 0, min(max(widest, 12), _WIDEST))
    sheet.set_column(1, len(columns) + 1, 14)
    sheet.freeze_panes(1, 1)


def _write_row(
    sheet: Any, line: int, row: Mapping[str, Any], columns: Sequence[Any], currency: str, words: Any, formats: list[Any]
) -> None:
    notes = [str(row.get(key) or "") for key in ("note", "cost_incomplete", "immature", "mind")]
    write_text(sheet, line, 0, row["label"], words)
    write_text(sheet, line, 1, "; ".join(note for note in notes if note), words)
    for place, column in enumerate(columns):
        value = row[column["key"]]
        if value is None:
            sheet.write_blank(line, place + 2, None, formats[place])  # undefined stays empty, it is not 0
        else:
            sheet.write_number(line, place + 2, in_major_units(value, column, currency), formats[place])


def _write_about(book: Any, result: Mapping[str, Any]) -> None:
    sheet = book.add_worksheet("About")
    bold = book.add_format({"bold": True})
    lines = [
        ("Report", result["title"]),
        ("Question", result["question"]),
        *asked_words(result, KEEPABLE[result["report"]]),
        ("As of", result["as_of"]),
        ("Currency", result["currency"]),
        *((one["label"], f"{one['formula']}. Dated by {one['date_basis']}; {one['adds_up']}.")
          for one in result["columns"]),
        *_over_time(result),
        *(("Mind", words) for words in result["warnings"]),
    ]  # fmt: skip
    for line, (name, words) in enumerate(lines):
        write_text(sheet, line, 0, name, bold)
        write_text(sheet, line, 1, words)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 110)


def _over_time(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not result.get("over_time"):
        return []
    about = result["over_time"]
    words = f"{about['label']} by {about['step']}; each begins on the day above it and is cut to the period"
    return [("Over time", f"{words}. A row adds up to its figure in the report.")]


def parquet_bytes(result: Mapping[str, Any]) -> bytes:
    """A row a row of the report, without the total; counts are numbers with a fraction, because credit is shared."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = ("key", "label", "note", "cost_incomplete", "immature")
    fields = [pa.field(name, pa.string()) for name in texts] + [pa.field("is_rest", pa.bool_())]
    fields += [
        pa.field(one["key"], pa.int64() if is_money(one) else pa.float64(), metadata=_about(one))
        for one in result["columns"]
    ]
    about = {name: value for name, value in result.items() if name not in ("rows", "columns")}
    schema = pa.schema(fields, metadata={"loopline": json.dumps(about, ensure_ascii=False)})
    arrays = [pa.array([_typed(row[field.name], field.type) for row in result["rows"]], field.type) for field in fields]
    to = BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), to)
    return to.getvalue()


def _typed(value: Any, kind: Any) -> Any:
    return None if value is None else float(value) if str(kind) == "double" else value


def _about(column: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(column[name]) for name in ("label", "unit", "formula")}
