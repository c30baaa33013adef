"""The clock of a hand-off: it runs in the business hours of whoever owes the answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from loopline.routing.calendar import Calendar

SOON = timedelta(hours=2)


def due_at(start: datetime, length: timedelta, calendar: Calendar) -> datetime:
    """The moment, in UTC, at which so much business time has passed since `start`. Raises NeverOpenError."""
    left = length
    for opens, closes in calendar.open_from(start):
        if opens + left <= closes:
            return opens + left
        left -= closes - opens
    raise AssertionError("business days never end")


def business_time(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """Business time between two moments; zero when `end` is not after `start`."""
    total = timedelta()
    for opens, closes in calendar.open_from(start):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total


@dataclass(frozen=True, slots=True)
class ClockFace:
    """What a clock shows: `1 h 12 m`, `overdue 20 m`, `tomorrow`; `tone` is good, warn, bad or quiet."""

    text: str
    tone: str


def clock_face(due: datetime, now: datetime, zone: str) -> ClockFace:
    """How the time until `due` reads at `now`."""
    left = due - now
    if left < timedelta():
        return ClockFace(f"overdue {span(-left)}", "bad")
    local_zone = ZoneInfo(zone)
    days = (due.astimezone(local_zone).date() - now.astimezone(local_zone).date()).days
    if days == 0 or left <= SOON:
        return ClockFace(span(left), "warn" if left <= SOON else "quiet")
    if days == 1:
        return ClockFace("tomorrow", "quiet")
    return ClockFace(f"{due.astimezone(local_zone):%A}" if days < 7 else f"in {days} days", "quiet")


def span(length: timedelta) -> str:
    """A length of time in its two largest useful units: `3 d 4 h`, `1 h 12 m`, `5 m`."""
    minutes = int(length.total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} m" if rest else f"{hours} h"
    return f"{rest} m"
