"""Periods by name, and the one before, for comparing. Days are the organisation's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    key: str
    label: str
    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def month_start(day: date, months: int = 0) -> date:
    """First day of the month so many months after that of `day`."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def _months(today: date, back: int, length: int, unit: int) -> tuple[date, date]:
    """`length` months from the beginning of the unit of `unit` months, `back` months before that of today."""
    start = month_start(today, -((today.month - 1) % unit) - back)
    return start, month_start(start, length) - DAY


_NAMED: dict[str, tuple[str, Callable[[date], tuple[date, date]]]] = {
    "this_month": ("This month", lambda today: _months(today, 0, 1, 1)),
    "last_month": ("Last month", lambda today: _months(today, 1, 1, 1)),
    "this_quarter": ("This quarter", lambda today: _months(today, 0, 3, 3)),
    "last_quarter": ("Last quarter", lambda today: _months(today, 3, 3, 3)),
    "last_90_days": ("Last 90 days", lambda today: (today - 89 * DAY, today)),
    "this_year": ("This year", lambda today: _months(today, 0, 12, 12)),
    "last_year": ("Last year", lambda today: _months(today, 12, 12, 12)),
    "last_12_months": ("Last 12 months", lambda today: (month_start(today, -11), month_start(today, 1) - DAY)),
}
NAMES: dict[str, str] = {key: label for key, (label, _) in _NAMED.items()}
DEFAULT = "last_90_days"
"""Always a whole stretch with one as long before it: the first view says something on any day of the year."""
ALL = "all"
CUSTOM = "custom"


def named_period(key: str, today: date) -> Period | None:
    """The period with this name as seen on `today`; None for a name that is no period."""
    if key not in _NAMED:
        return None
    label, bounds = _NAMED[key]
    first, last = bounds(today)
    return Period(key, label, first, last)


def named_periods(today: date) -> list[Period]:
    return [period for key in _NAMED if (period := named_period(key, today))]


def period_before(period: Period, today: date) -> Period:
    """The period just before, of the same kind: whole months before whole months, else as many days.

    A period that still runs is compared with as many days of the one before.
    """
    whole = _whole_before(period)
    if not period.first <= today < period.last:
        return whole
    last = min(whole.last, whole.first + (today - period.first))
    return Period(CUSTOM, f"{whole.label} up to {last.day} {last:%b}", whole.first, last)


def _whole_before(period: Period) -> Period:
    if period.first.day == 1 and (period.last + DAY).day == 1:
        months = (period.last.year - period.first.year) * 12 + period.last.month - period.first.month + 1
        first = month_start(period.first, -months)
        return Period(CUSTOM, described(first, period.first - DAY), first, period.first - DAY)
    first, last = period.first - period.days * DAY, period.first - DAY
    return Period(CUSTOM, described(first, last), first, last)


def described(first: date, last: date) -> str:
    """`Q3 2026`, `March 2026`, `2026`, else the two days."""
    if first.day == 1 and (last + DAY).day == 1 and first.year == last.year:
        months = last.month - first.month + 1
        if months == 1:
            return f"{first:%B %Y}"
        if months == 3 and first.month % 3 == 1:
            return f"Q{first.month // 3 + 1} {first.year}"
        if months == 12:
            return str(first.year)
    if first.day == 1 and (last + DAY).day == 1:
        return f"{first:%b %Y} – {last:%b %Y}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%b}{year} – {last.day} {last:%b %Y}"


def slices(first: date, last: date) -> list[Period]:
    """The period cut into days, weeks (from Monday), months or years, whichever gives a readable line."""
    days = (last - first).days + 1
    if days <= 31:
        starts = [first + place * DAY for place in range(days)]
        form = "%-d %b"
    elif days <= 26 * 7:
        monday = first - first.weekday() * DAY
        starts = [monday + 7 * place * DAY for place in range((last - monday).days // 7 + 1)]
        form = "%-d %b"
    elif days <= 36 * 31:
        months = (last.year - first.year) * 12 + last.month - first.month
        starts = [month_start(first, place) for place in range(months + 1)]
        form = "%b %Y"
    else:
        starts = [date(year, 1, 1) for year in range(first.year, last.year + 1)]
        form = "%Y"
    ends = [start - DAY for start in starts[1:]] + [last]
    return [
        Period(start.isoformat(), start.strftime(form), max(start, first), end)
        for start, end in zip(starts, ends, strict=True)
    ]
