"""Periods by name, the one before, and how a period is cut for a line."""

from datetime import date
from itertools import pairwise

import pytest

from loopline.reports.address import read_address
from loopline.reports.options import Books
from loopline.reports.periods import Period, described, named_period, named_periods, period_before, slices

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("this_month", date(2026, 11, 1), date(2026, 11, 30)),
        ("last_month", date(2026, 10, 1), date(2026, 10, 31)),
        ("this_quarter", date(2026, 10, 1), date(2026, 12, 31)),
        ("last_quarter", date(2026, 7, 1), date(2026, 9, 30)),
        ("last_90_days", date(2026, 8, 24), date(2026, 11, 21)),
        ("this_year", date(2026, 1, 1), date(2026, 12, 31)),
        ("last_year", date(2025, 1, 1), date(2025, 12, 31)),
        ("last_12_months", date(2025, 12, 1), date(2026, 11, 30)),
    ],
)
def test_a_name_means_days(key: str, first: date, last: date) -> None:
    period = named_period(key, TODAY)
    assert period is not None
    assert (period.first, period.last) == (first, last)


def test_a_name_that_is_no_period_is_none() -> None:
    assert named_period("someday", TODAY) is None


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 3, 31), date(2024, 2, 29), date(2026, 12, 31)])
def test_every_period_ends_after_it_starts_on_any_day(today: date) -> None:
    for period in named_periods(today):
        assert period.first <= period.last
        before = period_before(period, today)
        assert before.first <= before.last < period.first


@pytest.mark.parametrize(
    ("first", "last", "before_first", "before_last"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), date(2026, 2, 1), date(2026, 2, 28)),
        (date(2026, 1, 1), date(2026, 3, 31), date(2025, 10, 1), date(2025, 12, 31)),
        (date(2026, 3, 5), date(2026, 3, 14), date(2026, 2, 23), date(2026, 3, 4)),
        (date(2026, 10, 1), date(2026, 12, 31), date(2026, 7, 1), date(2026, 8, 21)),
    ],
)
def test_before_whole_months_come_whole_months_and_a_running_period_is_compared_with_as_many_days(
    first: date, last: date, before_first: date, before_last: date
) -> None:
    before = period_before(Period("custom", "", first, last), TODAY)
    assert (before.first, before.last) == (before_first, before_last)


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 7, 1), date(2026, 9, 30), "Q3 2026"),
        (date(2026, 2, 1), date(2026, 2, 28), "February 2026"),
        (date(2026, 1, 1), date(2026, 12, 31), "2026"),
        (date(2025, 12, 1), date(2026, 11, 30), "Dec 2025 – Nov 2026"),
        (date(2026, 2, 3), date(2026, 2, 9), "3 Feb – 9 Feb 2026"),
    ],
)
def test_a_period_is_described_as_people_say_it(first: date, last: date, text: str) -> None:
    assert described(first, last) == text


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), 31),
        (date(2026, 3, 4), date(2026, 5, 31), 13),
        (date(2025, 12, 1), date(2026, 11, 30), 12),
        (date(2010, 5, 1), date(2026, 11, 30), 17),
        (date(2026, 3, 4), date(2026, 3, 4), 1),
    ],
)
def test_a_line_has_a_readable_number_of_points_that_cover_every_day_once(first: date, last: date, count: int) -> None:
    parts = slices(first, last)
    assert len(parts) == count
    assert (parts[0].first, parts[-1].last) == (first, last)
    for one, following in pairwise(parts):
        assert (following.first - one.last).days == 1


def test_as_of_an_earlier_moment_a_period_by_name_is_that_of_its_day() -> None:
    """Pinned, an address says the same tomorrow; 31 October in Auckland is still the 30th in UTC."""
    books = Books(currency="EUR", zone="Pacific/Auckland")
    said = {"period": "last_90_days", "as_of": "2026-10-30T20:00:00Z"}
    pinned = [read_address(said, books, today) for today in (date(2026, 11, 29), date(2027, 1, 1))]
    assert [one.options.last for one in pinned] == [date(2026, 10, 31)] * 2
    assert [one.before for one in pinned] == [period_before(pinned[0].period, date(2026, 10, 31))] * 2  # type: ignore[arg-type]
    month = read_address({"period": "this_month", "as_of": "2026-10-11"}, books, date(2026, 11, 29))
    assert month.before is not None
    assert (month.before.first, month.before.last) == (date(2026, 9, 1), date(2026, 9, 11))
    assert read_address({"as_of": "2030-01-01"}, books, date(2026, 11, 29)).options.last == date(2026, 11, 29)
