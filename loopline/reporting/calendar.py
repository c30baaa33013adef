"""When a report comes by mail. Pure: days and hours of the organisation's time zone."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from loopline.lib.times import local_day

DAY = timedelta(days=1)


def next_weekly(day: int, at: time, zone: str, after: datetime) -> datetime:
    """The first moment after `after` on this day of the week (1 is Monday) at this hour."""
    today = local_day(after, zone)
    on = today + timedelta(days=(day - today.isoweekday()) % 7)
    moment = _moment(on, at, zone)
    return moment if moment > after else _moment(on + 7 * DAY, at, zone)


def next_monthly(day: int, at: time, zone: str, after: datetime) -> datetime:
    """The first moment after `after` on this day of a month, at most the 28th, at this hour."""
    today = local_day(after, zone)
    moment = _moment(today.replace(day=day), at, zone)
    if moment > after:
        return moment
    following = (today.replace(day=1) + 31 * DAY).replace(day=day)
    return _moment(following, at, zone)


def _moment(on: date, at: time, zone: str) -> datetime:
    return datetime.combine(on, at, ZoneInfo(zone))
