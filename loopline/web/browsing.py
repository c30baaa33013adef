"""What the pages about visitors ask for in their address: a time, a business unit."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from django.utils import timezone

from loopline.access.models import BusinessUnit, Organisation, UnitQuerySet
from loopline.lib.times import day_start, period_bounds, utc_now
from loopline.reports.visits.visitors import Asked
from loopline.web.access import PageRequest
from loopline.web.lately import units_of

PERIODS = {"today": "today", "7": "7 days", "30": "30 days", "90": "90 days"}
AHEAD = timedelta(minutes=5)
"""Clocks of senders may be ahead of ours by so much."""


@dataclass(frozen=True)
class Browsing:
    """The time and the business unit that an address asks for, as far as its asker may see it."""

    period: str
    week: date | None
    """The Monday of the one week asked for, in the place of a period."""
    unit: BusinessUnit | None
    units: UnitQuerySet
    unit_ids: tuple[str, ...] | None
    zone: str
    now: datetime

    @cached_property
    def bounds(self) -> tuple[datetime, datetime]:
        """Half-open. Periods are whole days of the organisation and reach up to now."""
        if self.week:
            return period_bounds(self.week, self.week + timedelta(days=6), self.zone)
        days = 1 if self.period == "today" else int(self.period)
        return day_start(timezone.localdate() - timedelta(days=days - 1), self.zone), self.now + AHEAD

    def asked(self, who: str = "", channel: str = "", most: int = 50, skip: int = 0) -> Asked:
        since, until = self.bounds
        return Asked(since, until, self.unit_ids, who, channel, bool(self.week), most, skip,
                     None if self.week else self.now)  # fmt: skip

    @property
    def shown(self) -> dict[str, object]:
        """What the chips of a page say and offer."""
        return {"period": self.period, "periods": PERIODS, "week": self.week, "unit": self.unit, "units": self.units}


def browsing(request: PageRequest, *, default: str = "today") -> Browsing:
    """What the address asks for; what it says wrongly is as if it were not said."""
    period = request.GET.get("period", "")
    units = BusinessUnit.objects.visible_to(request.actor)
    unit = units.filter(key=request.GET.get("unit", "")).first()
    return Browsing(
        period=period if period in PERIODS else default,
        week=_monday(request.GET.get("week", "")),
        unit=unit,
        units=units,
        unit_ids=(str(unit.pk),) if unit else units_of(request.actor),
        zone=Organisation.current().time_zone,
        now=utc_now(),
    )


def _monday(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day - timedelta(days=day.weekday()) if 2000 <= day.year < 2200 else None
