"""How figures and moments are written."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from loopline.lib import amounts
from loopline.lib.money import parse_minor
from loopline.web import wording

OSLO = ZoneInfo("Europe/Oslo")
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123456, "EUR", "€1,234.56"),
        (-50, "EUR", "−€0.50"),
        (0, "EUR", "€0.00"),
        (None, "EUR", "—"),
        (1234, "JPY", "¥1,234"),
        (1234, "KWD", "KWD\u00a01.234"),
        (100, "CHF", "CHF\u00a01.00"),
        (10**17 + 1, "EUR", "€1,000,000,000,000,000.01"),
    ],
)
def test_money_is_written_to_the_cent(minor: int | None, currency: str, text: str) -> None:
    assert amounts.money_text(minor, currency) == text


@pytest.mark.parametrize(
    ("minor", "text"), [(1840050, "€18,400"), (1840051, "€18,401"), (-49, "€0"), (-150, "−€2"), (None, "—")]
)
def test_whole_money_is_rounded_only_in_writing(minor: int | None, text: str) -> None:
    assert amounts.money_whole_text(minor, "EUR") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.24, "+3.2\u00a0pt"), (-12, "−12\u00a0pt"), (0.01, "±0\u00a0pt"), (-0.04, "±0\u00a0pt"), (None, "—")],
)
def test_points_have_a_sign_unless_nothing_moved(value: float | None, text: str) -> None:
    assert wording.points_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1396, "1,396"),
        (0, "0"),
        (None, "—"),
        (-3, "−3"),
        (Decimal("2.50"), "2.50"),
        (2.0, "2"),
        (109.373804, "109.4"),
        (0.672, "0.67"),
    ],
)
def test_a_figure_of_nothing_is_a_dash_and_zero_is_zero(value: int | None, text: str) -> None:
    assert wording.figure_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(286, "286\u00a0%"), (-60.4, "−60\u00a0%"), (None, "—"), (99.69, "99.7\u00a0%"), (99.99, "99.9\u00a0%"),
     (100, "100\u00a0%"), (100.2, "100\u00a0%"), (0, "0\u00a0%"), (0.36, "0.4\u00a0%"), (0.0358, "0.04\u00a0%"),
     (-0.3, "−0.3\u00a0%"), (0.00001, "0.01\u00a0%")],
)  # fmt: skip
def test_a_percentage_arrives_as_one(value: float | None, text: str) -> None:
    assert wording.percent_text(value) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 21, 8, 41, tzinfo=UTC), "today 09:41"),
        (datetime(2026, 11, 20, 23, 30, tzinfo=UTC), "today 00:30"),
        (datetime(2026, 11, 20, 8, 0, tzinfo=UTC), "yesterday 09:00"),
        (datetime(2026, 11, 22, 8, 0, tzinfo=UTC), "tomorrow 09:00"),
        (datetime(2026, 11, 18, 8, 0, tzinfo=UTC), "Wed 09:00"),
        (datetime(2026, 11, 3, 8, 0, tzinfo=UTC), "3 Nov"),
        (datetime(2025, 11, 3, 8, 0, tzinfo=UTC), "3 Nov 2025"),
    ],
)
def test_a_moment_is_written_in_the_organisations_zone(moment: datetime, text: str) -> None:
    assert wording.moment_text(moment, NOW, OSLO) == text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(hours=1, minutes=12), "1 h 12 m"),
        (timedelta(hours=5), "5 h"),
        (timedelta(days=3, hours=4), "3 d 4 h"),
        (timedelta(days=12, hours=4), "12 d"),
        (timedelta(minutes=-20), "20 m"),
        (timedelta(seconds=9), "9 s"),
        (timedelta(0), "0 s"),
    ],
)
def test_a_length_of_time_shows_its_two_largest_parts(span: timedelta, text: str) -> None:
    assert wording.span_text(span).replace("\u00a0", " ") == text


@pytest.mark.parametrize("text", ["1e999990", "-9e40", "1e-99999999", "nan", "-inf", "1_000", "²", "٣", ""])
def test_an_amount_that_is_none_is_refused_at_once(text: str) -> None:
    """Making a number of 1e999990 took half a minute of the whole server."""
    with pytest.raises(ValueError, match="write it like"):
        parse_minor(text, "EUR")
