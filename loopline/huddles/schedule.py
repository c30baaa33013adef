"""When the meetings of a series are. Local times stay where they are when summer time comes and goes. Pure."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from loopline.lib.times import as_utc, local_day


def meetings(first: date, at: time, every_weeks: int, zone: str) -> Iterator[datetime]:
    """The moments, in UTC, of all meetings, without an end."""
    local = ZoneInfo(zone)
    for number in count():
        yield as_utc(datetime.combine(first + timedelta(weeks=every_weeks * number), at, local))


def next_meeting(first: date, at: time, every_weeks: int, zone: str, after: datetime) -> datetime:
    """The first meeting later than `after`."""
    step = timedelta(weeks=every_weeks)
    passed = max(0, (local_day(after, zone) - first) // step - 1)
    return next(one for one in meetings(first + passed * step, at, every_weeks, zone) if one > after)
