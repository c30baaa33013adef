"""Cells of a workbook (XLSX): every text as text, numbers as numbers, money in major units with its cents."""

from collections.abc import Mapping
from typing import Any

from loopline.lib.money import exponent
from loopline.reports.files.write import is_money

PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
"""How a workbook is opened, so that no text becomes anything else."""
MOST_LETTERS = 32_767
"""So many a cell can hold; a workbook with more is damaged for spreadsheets."""


def write_text(sheet: Any, line: int, place: int, text: object, form: Any = None) -> None:
    """Never a formula, whatever it begins with; cut where a cell cannot hold it."""
    sheet.write_string(line, place, str(text)[:MOST_LETTERS], form)


def in_major_units(value: int | float, column: Mapping[str, Any], currency: str) -> float:
    return value / 10 ** exponent(currency) if is_money(column) else value


def number_format(column: Mapping[str, Any], currency: str) -> str:
    if is_money(column):
        digits = exponent(currency)
        return "#,##0" + ("." + "0" * digits if digits else "")
    return "#,##0" if column["unit"] == "count" else "#,##0.0"
