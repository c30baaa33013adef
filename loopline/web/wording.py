"""How figures and moments are written. Pure: a value, and where it matters the clock and the zone, to text.

Nothing here calculates: a value arrives as it is and is only written. None is "—": there is no such figure.
Spaces inside a figure do not break; a minus is a real one.
"""

import re
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from loopline.lib.amounts import MINUS, NO_BREAK, NONE
from loopline.lib.percent import percent_figure

_CAPITAL = re.compile(r"(?<=[\w)] )\(?[A-Z](?=[a-z])")


def figure_text(value: int | float | Decimal | None) -> str:
    """`1,396`; a fraction with one digit after the point, or two when it is below one."""
    if value is None:
        return NONE
    if isinstance(value, Decimal):
        text = f"{value:,.2f}".removesuffix(".00")
    elif value == int(value):
        text = f"{int(value):,d}"
    else:
        text = f"{value:,.{1 if abs(value) >= 1 else 2}f}"
    return text.replace("-", MINUS)


def percent_text(value: int | float | Decimal | None, digits: int = 0) -> str:
    """`286 %`. The value is a percentage already (286, not 2.86). What is not quite all never reads 100 %: `99.7 %`."""
    return NONE if value is None else f"{percent_figure(value, digits)}{NO_BREAK}%".replace("-", MINUS)


def points_text(value: int | float | Decimal | None) -> str:
    """`+3.2 pt`: a difference in percentage points, always with its sign; `±0 pt` where there is none."""
    if value is None:
        return NONE
    text = f"{value:+,.1f}".removesuffix(".0").replace("-", MINUS)
    return f"{'±0' if text[1:] == '0' else text}{NO_BREAK}pt"


def sentence_case(text: str) -> str:
    """`Security Keys` → `Security keys`: words after the first in small letters, but for what is all capitals."""
    return _CAPITAL.sub(lambda found: found[0].lower(), text)


def moment_text(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """`today 09:41`, `yesterday 17:02`, `Thu 09:10` within a week, `12 Nov`, `12 Nov 2025`."""
    there, today = moment.astimezone(zone), now.astimezone(zone).date()
    days = (today - there.date()).days
    if days in (0, 1, -1):
        return f"{ {0: 'today', 1: 'yesterday', -1: 'tomorrow'}[days] } {there:%H:%M}"
    return f"{there:%a %H:%M}" if -7 < days < 7 else day_text(there.date(), today)


def day_text(day: date, today: date) -> str:
    """`12 Nov`, with the year when it is another one."""
    return f"{day.day} {day:%b}" if day.year == today.year else f"{day.day} {day:%b %Y}"


def full_moment_text(moment: datetime, zone: tzinfo) -> str:
    """`Thu 12 Nov 2026, 09:41:07 CET`"""
    there = moment.astimezone(zone)
    return f"{there:%a} {there.day} {there:%b %Y, %H:%M:%S %Z}"


def span_text(span: timedelta) -> str:
    """A length of time in its two largest parts: `1 h 12 m`, `3 d 4 h`, `45 s`."""
    seconds = int(abs(span).total_seconds())
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    if days:
        parts = [(days, "d"), (hours, "h")] if days < 7 else [(days, "d")]
    elif hours:
        parts = [(hours, "h"), (minutes, "m")]
    elif minutes:
        parts = [(minutes, "m")]
    else:
        parts = [(seconds, "s")]
    return NO_BREAK.join(f"{number}{NO_BREAK}{unit}" for number, unit in parts if number or len(parts) == 1)


def ago_text(moment: datetime, now: datetime) -> str:
    """`12 m ago`, `in 3 h 5 m`, `just now`."""
    if abs(now - moment) < timedelta(seconds=45):
        return "just now"
    return f"{span_text(now - moment)} ago" if moment < now else f"in {span_text(now - moment)}"
