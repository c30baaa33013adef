"""The clock of a hand-off counts business hours, Monday to Friday 9 to 17, where the organisation is."""

from datetime import UTC, datetime, timedelta

import pytest

from loopline.leads.clock import business_time, clock_face, due_at, span
from loopline.routing.calendar import office_hours

OSLO = "Europe/Oslo"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "hours", "zone", "due"),
    [
        ("2026-03-02 10:00", 4, "UTC", "2026-03-02 14:00"),  # Monday, within the day
        ("2026-03-02 13:00", 4, "UTC", "2026-03-02 17:00"),  # ends with the day, not on the next
        ("2026-03-02 15:00", 4, "UTC", "2026-03-03 11:00"),  # goes on in the morning
        ("2026-03-06 16:30", 1, "UTC", "2026-03-09 09:30"),  # Friday evening, over the weekend
        ("2026-03-07 12:00", 4, "UTC", "2026-03-09 13:00"),  # Saturday
        ("2026-03-02 03:00", 2, "UTC", "2026-03-02 11:00"),  # at night
        ("2026-03-02 17:00", 1, "UTC", "2026-03-03 10:00"),  # exactly at closing time
        ("2026-03-02 10:00", 20, "UTC", "2026-03-04 14:00"),  # several days
        ("2026-03-02 10:00", 4, OSLO, "2026-03-02 14:00"),  # 11:00 there
        ("2026-03-27 15:00", 2, OSLO, "2026-03-30 08:00"),  # the clocks go forward on Sunday: 9:00 there is 7:00 UTC
        ("2026-10-23 14:00", 2, OSLO, "2026-10-26 09:00"),  # the clocks go back on Sunday: 9:00 there is 8:00 UTC
        ("2026-03-02 23:30", 1, "Pacific/Auckland", "2026-03-03 00:30"),  # already Tuesday there
    ],
)
def test_hours_are_counted_while_the_office_is_open(start: str, hours: int, zone: str, due: str) -> None:
    assert due_at(at(start), timedelta(hours=hours), office_hours(zone)) == at(due)
    assert business_time(at(start), at(due), office_hours(zone)) == timedelta(hours=hours)


def test_business_time_is_zero_backwards_and_over_a_weekend() -> None:
    assert business_time(at("2026-03-02 12:00"), at("2026-03-02 11:00"), office_hours("UTC")) == timedelta()
    assert business_time(at("2026-03-06 17:00"), at("2026-03-09 09:00"), office_hours("UTC")) == timedelta()


@pytest.mark.parametrize(
    ("now", "text", "tone"),
    [
        ("2026-03-04 12:48", "1 h 12 m", "warn"),
        ("2026-03-04 09:00", "5 h", "quiet"),
        ("2026-03-04 14:20", "overdue 20 m", "bad"),
        ("2026-03-03 16:00", "tomorrow", "quiet"),
        ("2026-03-01 16:00", "Wednesday", "quiet"),
        ("2026-02-01 16:00", "in 31 days", "quiet"),
        ("2026-03-06 15:00", "overdue 2 d 1 h", "bad"),
    ],
)
def test_a_clock_face_says_how_long_is_left(now: str, text: str, tone: str) -> None:
    face = clock_face(at("2026-03-04 14:00"), at(now), "UTC")
    assert (face.text, face.tone) == (text, tone)


def test_spans_have_two_units() -> None:
    assert [span(timedelta(minutes=m)) for m in (0, 59, 60, 61, 1440, 1500)] == [
        "0 m", "59 m", "1 h", "1 h 1 m", "1 d", "1 d 1 h",
    ]  # fmt: skip
