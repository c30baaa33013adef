"""The forecast beside what it should expect, worked out lead by lead and hour by hour in plain Python.

The rates, lags and amounts are given; nothing is drawn here, so the mean of the draws has to meet these sums.
"""

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
import pytest

from loopline.reports.forecast.outlook import PACE_DAYS, LeadsInHand, Open, Outlook, Record, outlook

ENDS = [9.4, 40.4, 68.4, 99.4]
SALE_LAGS = [3.0, 8.5, 12.0, 20.0, 20.0, 31.0, 45.0, 70.0]
AMOUNTS = [100_00.0, 120_00.0, 90_00.0, 2_000_00.0]
"""One sale is worth far more than the others: a sum of few is anything but normal."""
CONVERTED = [2.0, 5.0, 5.5, 9.0, 14.0, 30.0]
WON_AFTER = [10.0, 25.0, None, 32.0, 60.0, 75.0]
GIVEN_UP = [0.5] * 10 + [6.0, 7.0, 19.0, 50.0]
OLDER = 40
STAGES = {"proposal": Record(30, 10), "discovery": Record(30, 60)}
MEAN = sum(AMOUNTS) / len(AMOUNTS)


def by_month(until: Sequence[float]) -> list[float]:
    return [share - before for share, before in zip(until, [0.0, *until], strict=False)]


def from_open(stage: str, age: float, amount: float | None) -> list[float]:
    later = sorted(lag for lag in SALE_LAGS if lag > age)
    rate = (STAGES[stage].won + 0.5) / (STAGES[stage].won + STAGES[stage].lost + 1)
    until = [bisect_right(later, age + end) / len(later) if later else 0.0 for end in ENDS]
    return [rate * share * (MEAN if amount is None else amount) for share in by_month(until)]


def won_within(age: float, days: float) -> float:
    """Share of the older leads in work at this age that were won within so many days more."""
    waiting = OLDER - sum(after <= age for after in [*CONVERTED, *GIVEN_UP])
    won = [won - age for after, won in zip(CONVERTED, WON_AFTER, strict=True) if after > age and won is not None]
    return sum(0 < one <= days for one in won) / waiting


def seen(ages: Sequence[float], a_day: float) -> Outlook:
    won_after = np.array([np.nan if one is None else one for one in WON_AFTER])
    won = int((~np.isnan(won_after)).sum())
    came, given_up = round(PACE_DAYS * a_day), np.array(GIVEN_UP)
    leads = LeadsInHand(np.array(ages), Record(won, OLDER - won), np.array(CONVERTED), won_after, given_up, came)
    stages, open_ages, amounts = ["proposal", "discovery", "proposal"], [0.0, 15.0, 90.0], [700_00, None, 400_00]
    open_now = Open(stages * 40, np.array(open_ages * 40), amounts * 40)
    return outlook(open_now, STAGES, np.array(SALE_LAGS), np.array(AMOUNTS), leads, np.array(ENDS))


def test_open_opportunities_are_expected_at_the_rate_of_their_stage_after_lags_like_those_won() -> None:
    found = seen([], 0.0).from_open
    each = zip(["proposal", "discovery", "proposal"], [0.0, 15.0, 90.0], [700_00, None, 400_00], strict=True)
    expected = [40 * sum(month) for month in zip(*(from_open(*one) for one in each), strict=True)]
    assert found.tolist() == pytest.approx(expected, rel=0.05)


def test_leads_in_hand_bring_their_share_of_the_mean_amount_however_few_they_are() -> None:
    ages = [0.0] * 8 + [6.0] * 5 + [20.0] * 2
    found = seen(ages, 0.0).from_leads
    shares = ([won_within(age, end) for end in ENDS] for age in ages)
    expected = [MEAN * sum(month) for month in zip(*(by_month(one) for one in shares), strict=True)]
    assert sum(found) == pytest.approx(sum(expected), rel=0.15)
    assert all(month >= 0 for month in seen(ages, 0.0).low)


def test_leads_to_come_arrive_all_day_long() -> None:
    """Hour by hour: a lead that arrives in the evening has less time than one of the morning."""
    a_day, hours = 3_000.0, range(round(ENDS[-1] * 24))
    until = [
        sum(a_day / 24 * won_within(-1.0, end - (hour + 0.5) / 24 + 1.0) for hour in hours if hour / 24 < end)
        for end in ENDS
    ]
    found = seen([], a_day).to_come
    assert found.tolist() == pytest.approx([MEAN * month for month in by_month(until)], rel=0.03)
