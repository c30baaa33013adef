"""The calendar of a person in a business unit."""

from datetime import date
from functools import lru_cache

import holidays

from loopline.access.models import BusinessUnit, Organisation, User
from loopline.routing.calendar import Calendar, read_week
from loopline.routing.models import DayOff, WorkingTime


def calendar_of(user: User | None, unit: BusinessUnit) -> Calendar:
    """The working hours of a user in a unit; office hours of the organisation where there is no user."""
    given = WorkingTime.objects.filter(user=user).first() if user is not None else None
    return calendar_from(given, days_off(unit), Organisation.current().time_zone)


def days_off(unit: BusinessUnit) -> frozenset[date]:
    return frozenset(DayOff.objects.filter(unit=unit).values_list("on", flat=True))


def calendar_from(given: WorkingTime | None, closed: frozenset[date], zone: str) -> Calendar:
    """The same from what is loaded already. `closed` are the days on which the unit is closed."""
    if given is None:
        return Calendar(zone, closed=(closed,))
    public = (public_holidays(given.holidays_of),) if given.holidays_of else ()
    return Calendar(given.time_zone or zone, read_week(given.week), (closed, *public))


@lru_cache(maxsize=128)
def public_holidays(place: str) -> holidays.HolidayBase:
    """Public holidays of a country (`NO`) or a part of one (`DE-BY`). Raises ValueError for a place without any."""
    country, _, part = place.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError as error:
        raise ValueError(f"No public holidays are known for “{place}”.") from error
