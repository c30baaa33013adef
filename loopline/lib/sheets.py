"""Cells of CSV files that people open in a spreadsheet."""

import re

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*", re.ASCII)


def safe_cell(text: str) -> str:
    """A text that a spreadsheet shows as it is: what would run as a formula gets an apostrophe in front.

    A number with a sign, or a phone number in digits, starts like a formula and is none; it stays a number.
    """
    is_formula = text.lstrip(" \u00a0\ufeff").startswith(_STARTS_A_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text
