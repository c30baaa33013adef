"""Verdicts about decisions: an interval to be looked at every week, checked on firms where nothing changed."""

import random

import pytest

from loopline.huddles.trial import (
    ENOUGH,
    Arm,
    against_before,
    half_width,
    is_treated,
    judge,
    split_in_two,
    weeks_until_seen,
)

WEEKS = 26


def ever_better(dice: random.Random, *, effect: float = 0.0, per_week: int = 40, with_before: bool = False) -> bool:
    """A firm whose huddle looks every week for half a year: did it ever see “better”?"""
    rate = dice.uniform(0.2, 0.8)
    before = Arm(sum(dice.random() < rate for _ in range(12 * per_week)), 12 * per_week, -1)
    treated = control = size = 0
    for _ in range(WEEKS):
        arm = per_week if with_before else per_week // 2
        size += arm
        treated += sum(dice.random() < rate + effect for _ in range(arm))
        control += sum(dice.random() < rate for _ in range(arm))
        arms = [Arm(treated, size), before if with_before else Arm(control, size, -1)]
        if judge(arms).verdict == "better":
            return True
    return False


@pytest.mark.parametrize("with_before", [False, True])
def test_where_nothing_changed_looking_every_week_finds_nothing(with_before: bool) -> None:
    dice = random.Random(11)
    seen = sum(ever_better(dice, per_week=20, with_before=with_before) for _ in range(200))
    assert seen <= 10, "one in twenty"


@pytest.mark.slow
@pytest.mark.parametrize("with_before", [False, True])
def test_in_two_thousand_firms_where_nothing_changed_one_in_twenty_at_most_sees_an_effect(with_before: bool) -> None:
    dice = random.Random(12)
    seen = sum(ever_better(dice, with_before=with_before) for _ in range(2_000))
    print(f"A/A with {'before and after' if with_before else 'two halves'}: {seen} of 2,000 saw “better”")
    assert seen <= 100


def test_a_large_effect_is_seen() -> None:
    dice = random.Random(13)
    assert sum(ever_better(dice, effect=0.2) for _ in range(40)) >= 36


def test_an_ordinary_interval_would_err_far_more_often() -> None:
    """The fault this is here for, planted: peeking at an ordinary interval."""
    dice, wrong = random.Random(14), 0
    for _ in range(200):
        treated = control = size = 0
        for _ in range(WEEKS):
            size += 20
            treated += sum(dice.random() < 0.5 for _ in range(20))
            control += sum(dice.random() < 0.5 for _ in range(20))
            arms = Arm(treated, size), Arm(control, size)
            if arms[0].rate - arms[1].rate > 1.96 * sum(arm.variance for arm in arms) ** 0.5:
                wrong += 1
                break
    assert wrong > 20


def test_verdicts_follow_which_way_is_better() -> None:
    arms = [Arm(160, 200), Arm(80, 200, -1)]
    assert judge(arms).verdict == "better"
    assert judge(arms, is_more_better=False).verdict == "worse"
    assert judge([Arm(101, 200), Arm(100, 200, -1)]).verdict == "not_shown"


def test_a_control_series_takes_away_what_changed_everywhere() -> None:
    """Both rose by twenty points: the decision did nothing."""
    arms = [Arm(120, 200), Arm(80, 200, -1), Arm(140, 200, -1), Arm(100, 200)]
    seen = judge(arms)
    assert seen.effect == pytest.approx(0.0)
    assert seen.verdict == "not_shown"


def test_of_few_leads_nothing_is_said() -> None:
    seen = judge([Arm(ENOUGH - 1, ENOUGH - 1), Arm(0, 500, -1)])
    assert (seen.effect, seen.low, seen.verdict) == (None, None, "not_shown")


def test_more_leads_give_a_narrower_interval() -> None:
    widths = [half_width(0.25 / n) for n in (50, 500, 5_000)]
    assert widths == sorted(widths, reverse=True)


def test_halves_are_halves_and_the_same_every_time() -> None:
    drawn = [is_treated("decision", f"lead-{n}") for n in range(2_000)]
    assert 900 < sum(drawn) < 1_100
    assert drawn == [is_treated("decision", f"lead-{n}") for n in range(2_000)]
    assert drawn != [is_treated("another", f"lead-{n}") for n in range(2_000)]


def test_what_can_be_seen_is_known_before() -> None:
    weeks = weeks_until_seen(0.5, 20, 40, split_in_two)
    assert weeks is not None
    assert weeks < 15
    assert weeks_until_seen(0.5, 1, 5, split_in_two) is None, "a year is not enough"
    more = weeks_until_seen(0.5, 20, 80, split_in_two)
    assert more is not None
    assert more < weeks
    assert weeks_until_seen(0.5, 20, 40, against_before(40)) is not None
