"""When somebody works: opening hours of each weekday in one time zone, without the days off."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from loopline.lib.times import as_utc

Hours = tuple[tuple[time, time], ...]
"""Open intervals of one day, in order, none overlapping the next."""
OFFICE_HOURS: Hours = ((time(9), time(17)),)
OFFICE_WEEK: tuple[Hours, ...] = (OFFICE_HOURS,) * 5 + ((), ())
_LONGEST_GAP = timedelta(days=800)
"""Nobody who works at all stays closed for longer; whoever never works has no business hours to count."""


class NeverOpenError(ValueError):
    """The calendar has no open hour; the message is fit to show."""


@dataclass(frozen=True, slots=True)
class Calendar:
    zone: str
    week: tuple[Hours, ...] = OFFICE_WEEK
    """Seven days, Monday first."""
    closed: tuple[Container[date], ...] = ()
    """Collections of days without work: public holidays, days the business unit is closed."""

    def is_open_on(self, day: date) -> bool:
        return bool(self.week[day.weekday()]) and not any(day in days for days in self.closed)

    def is_open_at(self, moment: datetime) -> bool:
        opens, _ = next(self.open_from(moment))
        return opens == as_utc(moment)

    def local_day(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def open_from(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open intervals from `moment` on, in UTC and without end. Local times are turned to UTC day by day, so
        summer time shifts nothing. Raises NeverOpenError when there is no open hour."""
        start, zone = as_utc(moment), ZoneInfo(self.zone)
        day = last_open = start.astimezone(zone).date()
        while True:
            if self.is_open_on(day):
                for opens, closes in self.week[day.weekday()]:
                    begins, ends = _at(day, opens, zone), _at(day, closes, zone)
                    if ends > start:
                        yield max(begins, start), ends
                last_open = day
            if day - last_open > _LONGEST_GAP:
                raise NeverOpenError("This calendar has no working hours; add some under Working hours.")
            day += timedelta(days=1)


def _at(day: date, moment: time, zone: ZoneInfo) -> datetime:
    if moment == time.max:  # until midnight
        return as_utc(datetime.combine(day + timedelta(days=1), time.min, zone))
    return as_utc(datetime.combine(day, moment, zone))


@lru_cache(maxsize=64)
def office_hours(zone: str) -> Calendar:
    """Monday to Friday, 9 to 17: what holds where nobody said anything else."""
    return Calendar(zone)


def read_week(text: Sequence[str]) -> tuple[Hours, ...]:
    """Seven texts such as `9:00-12:00, 13:00-17:30`, Monday first; empty is a day off. Raises ValueError."""
    if len(text) != len(OFFICE_WEEK):
        raise ValueError("A week has seven days")
    return tuple(read_hours(day) for day in text)


def read_hours(text: str) -> Hours:
    """`9-17`, `9:00-12:00, 13:00-17:30`, `18:00-24:00`. Raises ValueError, fit to show."""
    spans = tuple(_span(part) for part in text.replace("–", "-").split(",") if part.strip())
    for (_, closes), (opens, _) in pairwise(spans):
        if opens < closes:
            raise ValueError(f"“{text}”: hours follow each other and do not overlap.")
    return spans


def _span(text: str) -> tuple[time, time]:
    opens, dash, closes = text.partition("-")
    begins, ends = _time(opens, text), _time(closes, text)
    if not dash or ends <= begins or begins == time.max:
        raise ValueError(f"“{text.strip()}”: write a beginning and a later end, such as 9:00-17:00.")
    return begins, ends


def _time(text: str, whole: str) -> time:
    hours, _, minutes = text.strip().partition(":")
    try:
        if (int(hours), int(minutes or 0)) == (24, 0):
            return time.max
        return time(int(hours), int(minutes or 0))
    except ValueError as error:
        raise ValueError(f"“{whole.strip()}”: write times such as 9:00-17:00.") from error


def hours_text(hours: Hours) -> str:
    """What `read_hours` reads: `9:00-17:00`."""
    return ", ".join(f"{_clock(opens)}-{_clock(closes)}" for opens, closes in hours)


def _clock(moment: time) -> str:
    return "24:00" if moment == time.max else f"{moment.hour}:{moment.minute:02}"
