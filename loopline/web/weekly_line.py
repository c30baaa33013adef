"""Lines of the weekly table on pages: which are shown, where their figures open, where the closed loop has the same."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeVar
from urllib.parse import urlencode

from django.urls import reverse

from loopline.reports.dimension import TOTAL
from loopline.reports.options import Scope
from loopline.reports.periods import DAY
from loopline.reports.weekly.figures import COST, LEADS, REVENUE
from loopline.reports.weekly.table import Line

_SAME = frozenset({COST.key, LEADS.key, REVENUE.key})
"""Figures that the closed loop has, too."""


SHOWN = 200
"""Lines on a page; the files hold all."""
_Line = TypeVar("_Line")


def latest(lines: Sequence[_Line], week_of: Callable[[_Line], object]) -> Sequence[_Line]:
    """The last SHOWN at most, in whole weeks; of a week that is longer than that, its last ones."""
    if len(lines) <= SHOWN:
        return lines
    cut = week_of(lines[-SHOWN - 1])
    return [one for one in lines[-SHOWN:] if week_of(one) != cut] or lines[-SHOWN:]


def as_closed_loop(said: Mapping[str, str], first: date, last: date) -> str:
    """The options of the table as the closed loop says them, which opens what is unusual behind it."""
    same = {name: value for name, value in said.items() if name in {"unit", "as_of"}}
    return urlencode(same | {"period": "custom", "from": first.isoformat(), "to": last.isoformat()})


def behind_line(line: Line, said: Mapping[str, str]) -> str:
    """Where the figures of the line open, but for the figure. `said`: the options of the table, as its address says
    them."""
    return f"{reverse('report_behind', args=['weekly'])}?{urlencode({**said, 'row': line.key})}"


def line_in_closed_loop(row: str, metric: str, scope: Scope, said: Mapping[str, str]) -> str:
    """Where the closed loop opens the same figure, with the touchpoints that earned it; "" where it would tell another
    one: of a week alone a model that learns learns something else, and of a unit alone others are not named."""
    week, unit, channel = row.split("/", 2) if row.count("/") > 1 else ("", "", TOTAL)
    if metric not in _SAME or unit or scope.model.is_fitted:
        return ""
    monday = date.fromisoformat(week) if week else scope.first
    last = monday + 6 * DAY if week else scope.last
    days = {"from": max(monday, scope.first).isoformat(), "to": min(last, scope.last).isoformat()}
    asked = {**said, **days, "period": "custom", "by": "channel", "row": channel, "metric": metric}
    return f"{reverse('closed_loop_behind')}?{urlencode(asked)}"
