"""How many visits there were: by hour or day for the live view, by week and channel for the trend."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from loopline.attribution.state import question
from loopline.lib.times import day_start, local_day
from loopline.reports.periods import DAY
from loopline.reports.visits.parts import TOLD
from loopline.reports.visits.visitors import Asked, asked_params, number
from loopline.store.engine import Engine

WEEK = timedelta(weeks=1)
_BY_SLOT = """
SELECT {slot} AS slot, sum(1 - is_left_out) AS visits,
    sum(CASE WHEN is_left_out = 0 AND person_id <> '' THEN 1 ELSE 0 END) AS known_visits
FROM told GROUP BY 1
"""
_SLOTS = {
    "hour": "extract(hour FROM began_at AT TIME ZONE $zone)",
    "day": "date_diff('day', $first, CAST(began_at AT TIME ZONE $zone AS DATE))",
}
_TREND = """
SELECT channel, date_diff('day', $first, CAST(began_at AT TIME ZONE $zone AS DATE)) // 7 AS week,
    sum(1 - is_left_out) AS visits, sum(is_left_out) AS machine_visits
FROM told WHERE has_begun = 1 GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour of one day, or a day."""

    at: datetime
    """When it begins, in the organisation's time zone."""
    visits: int
    known_visits: int


@dataclass(frozen=True, slots=True)
class ChannelWeeks:
    channel: str
    weeks: tuple[int, ...]
    """Sessions that began in each week, oldest first."""

    @property
    def sessions(self) -> int:
        return sum(self.weeks)

    @property
    def lately(self) -> tuple[int, int]:
        """(sessions of the last four whole weeks, of the four before). The running week is not whole."""
        whole = self.weeks[:-1]
        return sum(whole[-4:]), sum(whole[-8:-4])


@dataclass(frozen=True, slots=True)
class Trend:
    mondays: tuple[date, ...]
    channels: tuple[ChannelWeeks, ...]
    """The one with most sessions first."""
    machine_visits: int
    """Left out."""

    @property
    def all_channels(self) -> ChannelWeeks:
        weeks = zip(*(one.weeks for one in self.channels), strict=True)
        return ChannelWeeks("", tuple(sum(week) for week in weeks) or (0,) * len(self.mondays))


def visits_by(slot: Literal["hour", "day"], engine: Engine, asked: Asked, zone: str) -> list[Slot]:
    """Visits by when they began (within the time asked for), slot by slot, none left out. Raises StoreError.

    Hours are those of the clock on the wall: of the two that a night in autumn has, both stand under one.
    """
    first = local_day(asked.since, zone)
    last = local_day((asked.now or asked.until) - timedelta(microseconds=1), zone)
    params = asked_params(engine, asked) | {"zone": zone, "first": first}
    rows = engine.rows(question(_BY_SLOT.format(slot=_SLOTS[slot]), TOLD), params)
    found = {number(row["slot"]): (number(row["visits"]), number(row["known_visits"])) for row in rows}
    begins = [day_start(first + place * DAY, zone) for place in range((last - first).days + 1)]
    if slot == "hour":
        midnight = datetime.combine(first, datetime.min.time(), ZoneInfo(zone))
        begins = [midnight.replace(hour=hour) for hour in range(24)]
    return [Slot(at.astimezone(ZoneInfo(zone)), *found.get(place, (0, 0))) for place, at in enumerate(begins)]


def channel_trend(engine: Engine, asked: Asked, zone: str, first: date, weeks: int) -> Trend:
    """Sessions by the week they began in and their channel, for `weeks` weeks from the Monday `first` on.

    `asked` is to begin with that Monday. Raises StoreError.
    """
    rows = engine.rows(question(_TREND, TOLD), asked_params(engine, asked) | {"zone": zone, "first": first})
    counted: dict[str, list[int]] = defaultdict(lambda: [0] * weeks)
    for row in rows:
        if number(row["visits"]) and 0 <= number(row["week"]) < weeks:
            counted[str(row["channel"])][number(row["week"])] = number(row["visits"])
    channels = [ChannelWeeks(channel, tuple(values)) for channel, values in counted.items()]
    return Trend(
        tuple(first + place * WEEK for place in range(weeks)),
        tuple(sorted(channels, key=lambda one: (-one.sessions, one.channel))),
        sum(number(row["machine_visits"]) for row in rows),
    )
