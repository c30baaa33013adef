"""The clock of a hand-off: it runs in business hours, Monday to Friday 9 to 17 in the organisation's time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from loopline.lib.times import as_utc

OPENS = time(9)
CLOSES = time(17)
_SATURDAY = 5
SOON = timedelta(hours=2)


def due_at(start: datetime, hours: int, zone: str) -> datetime:
    """The moment, in UTC, at which `hours` business hours have passed since `start`."""
    left = timedelta(hours=hours)
    for opens, closes in _open_hours_from(start, zone):
        if opens + left <= closes:
            return opens + left
        left -= closes - opens
    raise AssertionError("business days never end")


def business_time(start: datetime, end: datetime, zone: str) -> timedelta:
    """Business time between two moments; zero when `end` is not after `start`."""
    total = timedelta()
    for opens, closes in _open_hours_from(start, zone):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total


def _open_hours_from(start: datetime, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """Open hours from `start` on, in UTC; local times are turned to UTC day by day, so summer time shifts nothing."""
    moment, local_zone = as_utc(start), ZoneInfo(zone)
    day = moment.astimezone(local_zone).date()
    while True:
        opens, closes = _local(day, OPENS, local_zone), _local(day, CLOSES, local_zone)
        if day.weekday() < _SATURDAY and closes > moment:
            yield max(opens, moment), closes
        day += timedelta(days=1)


def _local(day: date, at: time, zone: ZoneInfo) -> datetime:
    return as_utc(datetime.combine(day, at, zone))


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
