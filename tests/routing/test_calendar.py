"""A person's calendar: their hours, their zone, public holidays, days the unit is closed."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from loopline.leads.clock import business_time, due_at
from loopline.routing.calendar import Calendar, NeverOpenError, hours_text, read_hours, read_week
from loopline.routing.working_time import public_holidays

HALF_DAYS = read_week(("9-12", "9-12", "", "9:00-12:00, 14:00-16:00", "", "", ""))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("calendar", "start", "hours", "due"),
    [
        (Calendar("UTC", HALF_DAYS), "2026-03-02 10:00", 2, "2026-03-02 12:00"),
        (Calendar("UTC", HALF_DAYS), "2026-03-02 10:00", 3, "2026-03-03 10:00"),
        (Calendar("UTC", HALF_DAYS), "2026-03-03 11:00", 5, "2026-03-05 15:00"),  # Wednesday off, a lunch break
        (Calendar("UTC", closed=({date(2026, 3, 3)},)), "2026-03-02 16:00", 2, "2026-03-04 10:00"),
        (Calendar("Europe/Oslo", closed=(public_holidays("NO"),)), "2026-04-01 14:00", 2, "2026-04-07 08:00"),  # Easter
        (Calendar("America/New_York"), "2026-03-02 10:00", 1, "2026-03-02 15:00"),
        (Calendar("UTC", read_week(("18:00-24:00",) + ("",) * 6)), "2026-03-02 23:30", 1, "2026-03-09 18:30"),
    ],
)
def test_a_clock_runs_in_the_hours_of_a_calendar(calendar: Calendar, start: str, hours: int, due: str) -> None:
    assert due_at(at(start), timedelta(hours=hours), calendar) == at(due)
    assert business_time(at(start), at(due), calendar) == timedelta(hours=hours)


def test_a_calendar_without_hours_says_so_instead_of_counting_for_ever() -> None:
    with pytest.raises(NeverOpenError, match="no working hours"):
        due_at(at("2026-03-02 10:00"), timedelta(hours=1), Calendar("UTC", ((),) * 7))


@pytest.mark.parametrize(
    "text", ["17-9", "9", "9-25", "9-12, 11-17", "morning", "9:00-9:00", "24:00-24:00", "9-12-17", "9:99-10"]
)
def test_hours_that_mean_nothing_are_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"hours follow|write"):
        read_hours(text)


def test_hours_are_written_as_they_are_read() -> None:
    assert hours_text(read_hours("9-12, 13:30–24:00")) == "9:00-12:00, 13:30-24:00"
    assert read_hours(hours_text(read_hours("9-12, 13:30-24:00"))) == ((time(9), time(12)), (time(13, 30), time.max))
    assert read_hours("") == ()


def test_public_holidays_are_those_of_a_part_of_a_country_too() -> None:
    assert date(2026, 1, 6) in public_holidays("DE-BY")
    assert date(2026, 1, 6) not in public_holidays("DE")
    for nowhere in ("XX", "DE-QQ", "<script>"):
        with pytest.raises(ValueError, match="No public holidays"):
            public_holidays(nowhere)
