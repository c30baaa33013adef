"""The weekly table as a workbook (XLSX): its lines as CSV has them, the sums of each week, and what it is."""

from collections.abc import Mapping
from datetime import date, datetime
from io import BytesIO
from typing import Any

from loopline.reports.files.sheet_cells import PLAIN, in_major_units, number_format, write_text
from loopline.reports.weekly.file import HEAD, HEAD_WITH_UNIT

FIGURES = {
    "spend": ("spend_minor", {"unit": "minor units"}),
    "touches": ("touches", {"unit": "count"}),
    "leads": ("leads", {"unit": "credited count"}),
    "revenue": ("revenue_minor", {"unit": "minor units"}),
}
"""Head of a column → where its figure is, and what it is told in."""


def weekly_xlsx(told: Mapping[str, Any]) -> bytes:
    """Money in major units; an unknown spend is empty; no line for the total among the lines, so that a program that
    reads the first sheet counts nothing twice."""
    import xlsxwriter  # only where a spreadsheet is asked for

    to = BytesIO()
    book = xlsxwriter.Workbook(to, PLAIN)
    # Made when its figures were so: the same figures are the same file, byte by byte.
    made = datetime.fromisoformat(told["as_of"])
    book.set_properties({"title": told["title"], "comments": f"as of {told['as_of']}", "created": made})
    formats = {
        "head": book.add_format({"bold": True, "bottom": 1}),
        "total": book.add_format({"bold": True, "top": 1}),
        "day": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
    } | {name: book.add_format({"num_format": number_format(about, told["currency"])})
         for name, (_, about) in FIGURES.items()}  # fmt: skip
    _write_lines(book.add_worksheet("Lines"), told, formats)
    _write_weeks(book.add_worksheet("Weeks"), told, formats)
    _write_about(book.add_worksheet("About"), told, formats)
    book.close()
    return to.getvalue()


def _write_lines(sheet: Any, told: Mapping[str, Any], formats: Mapping[str, Any]) -> None:
    head = HEAD_WITH_UNIT if told["by"] == "unit" else HEAD
    for place, name in enumerate(head):
        write_text(sheet, 0, place, name, formats["head"])
    texts = head[1 : -len(FIGURES)]
    for line, row in enumerate(told["rows"], start=1):
        sheet.write_datetime(line, 0, date.fromisoformat(row["week"]), formats["day"])
        for place, name in enumerate(texts, start=1):
            write_text(sheet, line, place, row[name])
        _write_figures(sheet, line, len(texts) + 1, row, told["currency"], formats)
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, len(texts), 26)
    sheet.set_column(len(texts) + 1, len(head) - 1, 14)
    sheet.freeze_panes(1, 1)


def _write_weeks(sheet: Any, told: Mapping[str, Any], formats: Mapping[str, Any]) -> None:
    for place, name in enumerate(("week", *FIGURES)):
        write_text(sheet, 0, place, name, formats["head"])
    weeks: dict[str, list[Mapping[str, Any]]] = {}
    for row in told["rows"]:
        weeks.setdefault(row["week"], []).append(row)
    for line, (week, rows) in enumerate(weeks.items(), start=1):
        sheet.write_datetime(line, 0, date.fromisoformat(week), formats["day"])
        _write_figures(sheet, line, 1, _sum(rows), told["currency"], formats)
    write_text(sheet, len(weeks) + 1, 0, "Total", formats["total"])
    _write_figures(sheet, len(weeks) + 1, 1, _sum(told["rows"]), told["currency"], formats)
    sheet.set_column(0, len(FIGURES), 14)
    sheet.freeze_panes(1, 1)


def _sum(rows: list[Mapping[str, Any]]) -> dict[str, Any]:
    """What is nowhere known is not known together either."""
    known = {key: [row[key] for row in rows if row[key] is not None] for key, _ in FIGURES.values()}
    return {key: round(sum(values), 6) if values else None for key, values in known.items()}


def _write_figures(
    sheet: Any, line: int, first: int, row: Mapping[str, Any], currency: str, formats: Mapping[str, Any]
) -> None:
    for place, (name, (key, about)) in enumerate(FIGURES.items(), start=first):
        if row[key] is None:
            sheet.write_blank(line, place, None, formats[name])
        else:
            sheet.write_number(line, place, in_major_units(row[key], about, currency), formats[name])


def _write_about(sheet: Any, told: Mapping[str, Any], formats: Mapping[str, Any]) -> None:
    lines = [
        ("Report", told["title"]),
        ("Period", f"{told['from']} to {told['to']}"),
        ("As of", told["as_of"]),
        ("Model", told["model"]),
        ("Currency", told["currency"]),
        ("Lines", "one for each week and channel, none left out; an empty spend is unknown, not 0"),
        ("Leads, revenue", "in the week they came about, shared by the model; all lines together are the books"),
        *(("Mind", words) for words in told["warnings"]),
    ]
    for line, (name, words) in enumerate(lines):
        write_text(sheet, line, 0, name, formats["head"])
        write_text(sheet, line, 1, words)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 90)
