"""How money was spent week by week where it follows demand: search and ads of the European unit.

The year was simulated without knowing what was spent, so here spend is made to go with what came of it: more money,
more leads, each next one dearer. That gives the budget planner something to find. Pure.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from loopline.demo.simulate import Year, first_moment

FOLLOWING = ("brand_eu", "calibration_eu", "labmanagers_eu")
_DEARER = 1.5
"""Twice the leads of a week took so many doublings of money."""
_WEEK = timedelta(days=7)


def weeks_of(first: date, last: date) -> list[tuple[date, date]]:
    """The weeks from `first` to `last`, each from Monday to Sunday, the outer ones cut."""
    found = []
    while first <= last:
        ends = min(first + timedelta(days=6 - first.weekday()), last)
        found.append((first, ends))
        first = ends + timedelta(days=1)
    return found


def paces(year: Year) -> Mapping[str, Mapping[date, float]]:
    """Code → Monday → weight of the week's spend."""
    visits: dict[str, list[str]] = defaultdict(list)
    for visit in year.visits:
        visits[visit.visitor].append(visit.origin.code)
    leads: dict[str, dict[date, float]] = {code: defaultdict(float) for code in FOLLOWING}
    for buyer in year.buyers:
        came_by, day = visits[buyer.visitor], buyer.asked_at.date()
        for code in FOLLOWING:
            leads[code][day - timedelta(days=day.weekday())] += came_by.count(code) / len(came_by)
    mondays = [
        first - timedelta(days=first.weekday())
        for first, _ in weeks_of(first_moment(year.until).date(), year.until.date())
    ]
    return {code: _weights(mondays, leads[code]) for code in FOLLOWING}


def _weights(mondays: list[date], leads: Mapping[date, float]) -> Mapping[date, float]:
    mean = sum(leads.values()) / len(mondays) or 1.0
    wobble = {monday: 1 + ((place * 7) % 5 - 2) / 12 for place, monday in enumerate(mondays)}
    return {one: max(leads.get(one, 0.0) / mean, 0.3) ** _DEARER * wobble[one] for one in mondays}
