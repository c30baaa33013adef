"""What a huddle talks about: worth, minutes, and the rhythm of meetings. Pure."""

from datetime import UTC, date, datetime, time
from itertools import islice

import pytest

from loopline.huddles.agenda import CARDS, Reason, Topic, agenda
from loopline.huddles.schedule import meetings, next_meeting

FIXED = sum(card.minutes for card in CARDS)


def lead(key: str, *kinds: str, stake: int | None = None) -> Topic:
    return Topic("leads", key, tuple(Reason(kind) for kind in kinds), stake)


def order(*topics: Topic, minutes: float = 60) -> list[str]:
    return [placed.topic.key for placed in agenda(topics, minutes).placed]


def test_what_is_worth_more_comes_first_and_the_quiet_stay_away() -> None:
    assert order(lead("late", "late"), lead("quiet"), lead("help", "help"), lead("breached", "breached")) == [
        "help", "breached", "late",
    ]  # fmt: skip


def test_reasons_add_up_as_chances_do() -> None:
    assert lead("x", "breached", "help").chance == pytest.approx(1 - 0.3 * 0.2)
    assert order(lead("one", "help"), lead("two", "help", "breached")) == ["two", "one"]


def test_money_at_stake_outweighs_a_better_chance() -> None:
    assert order(lead("small", "help", stake=100_00), lead("large", "stalled", stake=5_000_00)) == ["large", "small"]


def test_an_unknown_stake_counts_like_a_middling_one() -> None:
    topics = [lead("low", "help", stake=1_00), lead("mid", "help", stake=50_00), lead("high", "help", stake=900_00)]
    assert order(*topics, lead("unknown", "late"))[-2:] == ["unknown", "low"]


def test_carried_over_leads_come_before_everything() -> None:
    assert order(lead("dear", "help", stake=10**9), lead("old", "carried_over", stake=1)) == ["old", "dear"]


def test_only_what_the_minutes_hold_is_within_and_the_cards_say_how_long_they_take() -> None:
    planned = agenda([lead(f"{n}", "help") for n in range(5)], FIXED + 5)
    assert [placed.is_within for placed in planned.placed] == [True, True, False, False, False]
    assert planned.card_minutes["leads"] == 4
    assert sum(planned.card_minutes.values()) <= FIXED + 5


def test_a_meeting_at_half_past_nine_stays_there_in_summer() -> None:
    begins = islice(meetings(date(2026, 3, 24), time(9, 30), 1, "Europe/Oslo"), 2)
    assert [one.strftime("%d %H:%M") for one in begins] == ["24 08:30", "31 07:30"]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 3, 9, 30, tzinfo=UTC)),
        (datetime(2026, 3, 3, 9, 30, tzinfo=UTC), datetime(2026, 3, 17, 9, 30, tzinfo=UTC)),
        (datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 5, 9, 30, tzinfo=UTC)),
    ],
)
def test_the_next_of_a_meeting_every_two_weeks(after: datetime, expected: datetime) -> None:
    assert next_meeting(date(2026, 3, 3), time(9, 30), 2, "UTC", after) == expected
