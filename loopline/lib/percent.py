"""Percentages in words, the same on pages, in mails and on the command line."""

from decimal import Decimal

SMALLEST = 0.01
"""Less is written as this much."""


def percent_figure(value: int | float | Decimal, digits: int = 0) -> str:
    """`286` for 286.2, with thousands apart.

    What is not quite all never reads as 100 (99.97 is `99.9`), and what is not nothing never as 0 (0.36 is `0.4`).
    """
    text = f"{value:,.{digits}f}"
    if value < 100 and text.startswith("100"):
        return f"{min(float(value), 99.9):.1f}"
    if value and not text.strip("-0."):
        return f"{'-' if value < 0 else ''}{max(abs(float(value)), SMALLEST):.1g}"
    return text


def share_in_words(part: float, digits: int = 0) -> str:
    """`29 %` for 0.286."""
    return f"{percent_figure(100 * part, digits)}\u00a0%"
