"""The weeks of a period: they begin on Monday in the organisation's zone."""

from datetime import date

from loopline.lib.times import day_start
from loopline.reports.options import OptionError, Scope
from loopline.reports.periods import DAY

MOST_WEEKS = 520
AT_ONCE = 60
"""Weeks of cost in one statement."""


def mondays_of(scope: Scope) -> list[date]:
    """Of the weeks that have a day in the period, oldest first. Raises OptionError for too many."""
    first = scope.first - scope.first.weekday() * DAY
    count = (scope.last - first).days // 7 + 1
    if count > MOST_WEEKS:
        raise OptionError(f"That is {count} weeks; ask for at most {MOST_WEEKS}.", "from")
    return [first + 7 * place * DAY for place in range(count)]


def began(monday: date, scope: Scope) -> int:
    """When the week begins in the organisation's zone, in microseconds."""
    return round(day_start(monday, scope.books.zone).timestamp() * 1_000_000)
