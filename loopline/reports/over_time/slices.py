"""The slices of a report's period that its small charts show: weeks, else months, quarters, years."""

from collections.abc import Sequence
from datetime import date, timedelta

from loopline.lib.times import day_start
from loopline.reports.options import Scope
from loopline.reports.periods import DAY, Period, month_start
from loopline.store.engine import Value

MOST = 26
"""So many points at most: half a year of weeks, or two years of months."""
WEEK = timedelta(days=7)
STEPS = {"month": 1, "quarter": 3, "year": 12, "decade": 120}
"""What a longer point is called → its months; the last is taken however long the period is."""
LONGEST = "decade"


def slices(scope: Scope) -> tuple[str, list[Period]]:
    """What a point is called, and the slices of the scope's period that had begun when the books were read.

    Those that had not are left out: nothing is known of them, which is not zero.
    """
    step, every = cut(scope.first, scope.last)
    return step, [one for one in every if one.first <= max(scope.today, scope.first)]


def beginnings(periods: Sequence[Period], scope: Scope) -> dict[str, Value]:
    """The parameters of `place_of`: `$at<n>` for moments, `$on<n>` for days."""
    values: dict[str, Value] = {}
    for place, one in enumerate(periods):
        values[f"at{place}"] = round(day_start(one.first, scope.books.zone).timestamp() * 1_000_000)
        values[f"on{place}"] = one.first
    return values


def place_of(column: str, count: int, *, is_day: bool = False) -> str:
    """SQL text: in which of the slices a moment of the period lies, in microseconds, or a day of it. A day has no zone:
    made a moment it would lie a day earlier for some."""
    begins = "$on" if is_day else "$at"
    later = " ".join(f"WHEN {column} >= {begins}{place} THEN {place}" for place in range(count - 1, 0, -1))
    return f"CASE {later} ELSE 0 END" if later else "CAST(0 AS BIGINT)"  # a bare 0 could not be grouped by


def cut(first: date, last: date) -> tuple[str, list[Period]]:
    """The period in weeks from Monday, else in months, quarters, years: the shortest that are at most MOST."""
    monday = first - first.weekday() * DAY
    weeks = (last - monday).days // 7 + 1
    if weeks <= MOST:
        return "week", _between([monday + place * WEEK for place in range(weeks)], first, last, "week")
    step, starts = next(
        found for found in ((name, _starts(first, last, months)) for name, months in STEPS.items())
        if len(found[1]) <= MOST or found[0] == LONGEST
    )  # fmt: skip
    return step, _between(starts, first, last, step)


def described_slice(step: str, first: date) -> str:
    """A slice by its first day, as people read it."""
    return first.strftime("%-d %b %Y" if step == "week" else "%b %Y")


def _starts(first: date, last: date, months: int) -> list[date]:
    """First days of the stretches of so many months, counted from January of the year 1, that touch the period."""
    start = month_start(first, -((12 * (first.year - 1) + first.month - 1) % months))
    count = (12 * (last.year - start.year) + last.month - start.month) // months + 1
    return [month_start(start, place * months) for place in range(count)]


def _between(starts: list[date], first: date, last: date, step: str) -> list[Period]:
    ends = [start - DAY for start in starts[1:]] + [last]
    return [
        Period(start.isoformat(), described_slice(step, max(start, first)), max(start, first), end)
        for start, end in zip(starts, ends, strict=True)
    ]
