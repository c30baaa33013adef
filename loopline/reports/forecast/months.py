"""The months that are forecast: what is left of this one, and those that follow."""

from datetime import date

import numpy as np

from loopline.lib.times import day_start
from loopline.reports.dimension import TOTAL
from loopline.reports.forecast.outlook import Floats
from loopline.reports.options import OptionError, Scope
from loopline.reports.periods import month_start

MONTHS = 6


def months_of(scope: Scope) -> list[date]:
    """The first day of each."""
    return [month_start(scope.today, place) for place in range(MONTHS)]


def days_until_ends(scope: Scope) -> Floats:
    """Of each the days from now until its end."""
    ends = [day_start(month_start(scope.today, place + 1), scope.books.zone) for place in range(MONTHS)]
    return np.array([(end - scope.as_of).total_seconds() / 86400 for end in ends])


def places_of(row: str, scope: Scope) -> list[int]:
    """The months of a row of the report: one of them, or all. Raises OptionError for a month that is not forecast."""
    keys = [first.isoformat() for first in months_of(scope)]
    if row == TOTAL:
        return list(range(MONTHS))
    if row not in keys:
        raise OptionError(f"There is no month “{row}” in the forecast. Choose one of: {', '.join(keys)}.", "row")
    return [keys.index(row)]
