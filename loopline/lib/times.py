"""Moments and days. Stored times are UTC; the organisation's time zone decides what a day is."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def as_utc(moment: datetime) -> datetime:
    """The same moment in UTC. A naive moment is refused: guessing its zone would shift days."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; give one")
    return moment.astimezone(UTC)


def from_micros(micros: int) -> datetime:
    """The moment so many microseconds after 1970 began in UTC."""
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)


def parse_moment(text: str) -> datetime:
    """An ISO 8601 moment (`2026-03-01T12:00:00Z`); ValueError when it has no time zone or is no moment."""
    return as_utc(datetime.fromisoformat(text))


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day on which the moment falls in `zone`."""
    return moment.astimezone(ZoneInfo(zone)).date()


def day_start(day: date, zone: str) -> datetime:
    """The first moment, in UTC, of a calendar day in `zone`."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def period_bounds(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """The half-open interval [start, end) in UTC that holds the days `first` to `last`, both included."""
    return day_start(first, zone), day_start(last + timedelta(days=1), zone)
