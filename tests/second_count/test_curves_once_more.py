"""The budget planner's ranges beside the same told straight: every shape by least squares with the whole design, and
the range as the set of slopes that the residuals allow."""

import random
from collections.abc import Sequence
from math import cos, isclose, pi, sin

import numpy as np
import pytest
from scipy.stats import f as fisher

from loopline.reports.response.curve import CARRY_OVER, HALF, POWERS, respond


def worked_on(spend: Sequence[float], share: float) -> list[float]:
    before, found = sum(spend[:4]) / 4, []
    for one in spend:
        before = (1 - share) * one + share * before
        found.append(before)
    return found


def curve(spend: float, half: float, power: float) -> float:
    return spend**power / (half**power + spend**power)


def left(outcome: Sequence[float], columns: Sequence[Sequence[float]]) -> np.ndarray:
    """What the columns leave unexplained."""
    design, seen = np.array(columns).T, np.array(outcome)
    return seen - design @ np.linalg.lstsq(design, seen, rcond=None)[0]


def ten_more(spend: Sequence[float], outcome: Sequence[float]) -> tuple[float, float, float]:
    """Estimate, low and high of 10 % more than the mean of the last 13 weeks."""
    weeks, mean, now = len(spend), sum(spend) / len(spend), sum(spend[-13:]) / 13
    others = [[1.0] * weeks, [float(week) for week in range(weeks)]]
    if weeks >= 78:
        others += [[wave(2 * pi * week * 7 / 365.25) for week in range(weeks)] for wave in (sin, cos)]
    shapes = []
    for share in CARRY_OVER:
        worked = worked_on(spend, share)
        for half in (times * mean for times in HALF):
            for power in POWERS:
                values = [curve(one, half, power) for one in worked]
                gain = curve(1.1 * now, half, power) - curve(now, half, power)
                # The residual sum of squares is a parabola of the slope: three of its points are all of it.
                at = [float(np.square(left(np.array(outcome) - slope * np.array(values), others)).sum())
                      for slope in (-1.0, 0.0, 1.0)]  # fmt: skip
                bend, tilt = (at[0] + at[2]) / 2 - at[1], (at[2] - at[0]) / 2
                shapes.append((at[1] - tilt**2 / (4 * bend), -tilt / (2 * bend), bend, gain, values))
    rss, slope, _, gain, values = min(shapes, key=lambda one: one[0])
    residual = left(outcome, [*others, values])
    assert isclose(float(residual @ residual), rss, rel_tol=1e-6)
    freedom = weeks - len(others) - 3
    likeness = float(residual[1:] @ residual[:-1] / (residual @ residual)) + 1 / weeks
    likeness = min(max(likeness, 0.0), 0.8)
    slack = rss / freedom * 2 * float(fisher.ppf(0.95, 2, freedom)) * (1 + likeness) / (1 - likeness)
    ends = [slope * gain]
    for one, best, bend, gained, _ in shapes:
        if one <= rss + slack:
            reach = ((rss + slack - one) / bend) ** 0.5
            ends += [(best - reach) * gained, (best + reach) * gained]
    return slope * gain, min(ends), max(ends)


@pytest.mark.parametrize(("seed", "weeks"), [(1, 30), (2, 52), (3, 90)])
def test_ten_more_percent_go_with_what_least_squares_say(seed: int, weeks: int) -> None:
    chance = random.Random(seed)
    spend = [chance.uniform(20_00, 400_00) for _ in range(weeks)]
    outcome = [20 * curve(one, 150_00, 1.2) + 0.05 * week + chance.gauss(0, 2.5) for week, one in enumerate(spend)]
    told = respond(spend, outcome).ten_more()
    assert (told.value, told.low, told.high) == pytest.approx(ten_more(spend, outcome), rel=1e-5)
