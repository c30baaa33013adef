"""A report's JSON as a file: CSV, JSON, a spreadsheet (XLSX), Parquet.

XLSX holds numbers as numbers, money in major units, and every text as text: none can run as a formula or a link.
Parquet holds money in minor units, as the JSON does, and the report's own words in its metadata.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from io import BytesIO, StringIO
from typing import Any

from loopline.lib.money import exponent
from loopline.reports.write import written_cells

FORMS: dict[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
"""What a report can be downloaded as, with its media type."""
_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
_WIDEST = 60


def exported(result: Mapping[str, Any], form: str) -> bytes:
    """The report as a file of this form, one of FORMS."""
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
    """Two sheets: the table with its total, and how its figures are made."""
    import xlsxwriter  # only where a spreadsheet is asked for

    to = BytesIO()
    book = xlsxwriter.Workbook(to, _PLAIN)
    book.set_properties({"title": result["title"], "comments": f"as of {result['as_of']}"})
    _write_table(book, result)
    _write_about(book, result)
    book.close()
    return to.getvalue()


def _write_table(book: Any, result: Mapping[str, Any]) -> None:
    columns, currency = result["columns"], result["currency"]
    sheet = book.add_worksheet("Report")
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    label, total = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "top": 1})
    formats = [book.add_format({"num_format": _number_format(one, currency)}) for one in columns]
    totals = [book.add_format({"num_format": _number_format(one, currency), "bold": True, "top": 1}) for one in columns]
    for place, words in enumerate([result["head"], "Note", *(_headed(one, currency) for one in columns)]):
        sheet.write_string(0, place, words, head)
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
    notes = [str(row.get(key) or "") for key in ("note", "cost_incomplete", "immature")]
    sheet.write_string(line, 0, str(row["label"]), words)
    sheet.write_string(line, 1, "; ".join(note for note in notes if note), words)
    for place, column in enumerate(columns):
        value = row[column["key"]]
        if value is None:
            sheet.write_blank(line, place + 2, None, formats[place])  # undefined stays empty, it is not 0
        else:
            sheet.write_number(line, place + 2, _in_major_units(value, column, currency), formats[place])


def _write_about(book: Any, result: Mapping[str, Any]) -> None:
    sheet = book.add_worksheet("About")
    bold = book.add_format({"bold": True})
    lines = [
        ("Report", result["title"]),
        ("Question", result["question"]),
        ("Period", f"{result['from']} to {result['to']}"),
        ("As of", result["as_of"]),
        ("Model", result["model"]),
        ("Clock", result["clock"]),
        ("Currency", result["currency"]),
        *((one["label"], f"{one['formula']}. Dated by {one['date_basis']}; {one['adds_up']}.")
          for one in result["columns"]),
        *(("Mind", words) for words in result["warnings"]),
    ]  # fmt: skip
    for line, (name, words) in enumerate(lines):
        sheet.write_string(line, 0, str(name), bold)
        sheet.write_string(line, 1, str(words))
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 110)


def _headed(column: Mapping[str, Any], currency: str) -> str:
    unit = {"percent": " (%)", "hours": " (hours)"}.get(str(column["unit"]), "")
    return f"{column['label']}{f' ({currency})' if _is_money(column) else unit}"


def _is_money(column: Mapping[str, Any]) -> bool:
    return str(column["unit"]).endswith("minor units")


def _in_major_units(value: int | float, column: Mapping[str, Any], currency: str) -> float:
    return value / 10 ** exponent(currency) if _is_money(column) else value


def _number_format(column: Mapping[str, Any], currency: str) -> str:
    if _is_money(column):
        digits = exponent(currency)
        return "#,##0" + ("." + "0" * digits if digits else "")
    return "#,##0" if column["unit"] == "count" else "#,##0.0"


def parquet_bytes(result: Mapping[str, Any]) -> bytes:
    """A row a row of the report, without the total; counts are numbers with a fraction, because credit is shared."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = ("key", "label", "note", "cost_incomplete", "immature")
    fields = [pa.field(name, pa.string()) for name in texts] + [pa.field("is_rest", pa.bool_())]
    fields += [
        pa.field(one["key"], pa.int64() if _is_money(one) else pa.float64(), metadata=_about(one))
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
