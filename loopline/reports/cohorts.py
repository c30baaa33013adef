"""Rows that are weeks or months: their SQL, their names, and the last day of each. A key is the first day."""

from datetime import date

from loopline.reports.naming import Name
from loopline.reports.options import Scope
from loopline.reports.periods import DAY, month_start


def row_of(unit: str, column: str) -> str:
    """SQL text: the first day, as text, of the week or month in which the moment lies."""
    return f"CAST(CAST(date_trunc('{unit}', {column} AT TIME ZONE $zone) AS DATE) AS VARCHAR)"


def names_of_cohorts(unit: str, scope: Scope) -> dict[str, Name]:
    """A name for every week or month of the scope, whether anything happened in it or not."""
    found, first = {}, _first(unit, scope.first)
    while first <= scope.last:
        found[first.isoformat()] = Name(f"{first:%b %Y}" if unit == "month" else f"{first.day} {first:%b %Y}")
        first = last_day(unit, first) + DAY
    return found


def _first(unit: str, day: date) -> date:
    return month_start(day) if unit == "month" else day - day.weekday() * DAY


def last_day(unit: str, first: date) -> date:
    return (month_start(first, 1) if unit == "month" else first + 7 * DAY) - DAY
