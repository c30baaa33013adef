"""Percentages in words, the same on pages, in mails and on the command line."""

from decimal import Decimal


def percent_figure(value: int | float | Decimal, digits: int = 0) -> str:
    """`286` for 286.2, with thousands apart. What is not quite all never reads as 100: 99.97 is `99.9`."""
    text = f"{value:,.{digits}f}"
    if value < 100 and text.startswith("100"):
        return f"{min(float(value), 99.9):.1f}"
    return text
