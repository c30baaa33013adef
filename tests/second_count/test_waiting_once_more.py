"""What becomes of those that have waited as long, beside the same worked out moment by moment in plain Python."""

from random import Random

import numpy as np
import pytest

from loopline.reports.forecast.waiting import FEWEST, LOST, OPEN, WON, Stays, chance

ENDS = [14.5, 45.0, 76.0]
Line = tuple[float, float, float, float, int]
"""As `Stays` has them: left, known from, seen from, ended, fate."""


def lines(random: Random, count: int) -> list[Line]:
    """Of half of them times are whole days, so that many end at once; some are known or seen late."""
    found: list[Line] = []
    for number in range(count):
        left = random.uniform(1, 90)
        ended = left if random.random() < 0.5 else left + random.uniform(1, 60)
        if number % 2:
            left, ended = round(left) + 1.0, round(ended) + 1.0
        known = random.choice([0.0, 0.0, 0.0, left / 2])
        seen = random.choice([known, known, known, max(known, 0.9 * ended)])
        found.append((left, known, seen, ended, random.choice([WON, LOST, LOST, OPEN])))
    return found


def worked_out(alike: list[Line], waited: float) -> list[float]:
    there = [one for one in alike if one[0] > waited and one[1] <= waited]
    share, won_by, so_far = 1.0, [], 0.0
    closings = sorted({ended for *_, ended, fate in there if fate != OPEN})
    for end in ENDS:
        while closings and closings[0] <= waited + end:
            now = closings.pop(0)
            at_risk = sum(seen < now <= ended for _, _, seen, ended, _ in there)
            won, lost = (sum(one[3] == now and one[4] == fate for one in there) for fate in (WON, LOST))
            so_far += share * won / at_risk
            share *= 1 - (won + lost) / at_risk
        won_by.append(so_far)
    return won_by


def told_from(alike: list[Line], waited: float) -> int:
    """Of how many that were seen with it from this day on it is known what had become of them by the last end."""
    return sum(
        seen <= waited < left and (fate != OPEN or waited < ended - ENDS[-1]) for left, _, seen, ended, fate in alike
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_share_that_is_won_by_each_end(seed: int) -> None:
    random = Random(seed)
    alike = lines(random, 400)
    stays = Stays(*(np.array(one) for one in zip(*alike, strict=True)))  # type: ignore[arg-type]
    for waited in (0.5, 3.5, 20.5, 47.5):
        found = chance(stays, waited, np.array(ENDS))
        assert found
        assert found.told_from == told_from(alike, waited) >= FEWEST
        assert found.won_by.tolist() == pytest.approx(worked_out(alike, waited))
    days = np.linspace(0, 95, 9501)
    last = max(float(day) for day in days if told_from(alike, float(day)) >= FEWEST)
    for waited in (last + 4.0, 300.0):
        late, own = chance(stays, waited, np.array(ENDS)), told_from(alike, waited)
        assert late
        assert own < FEWEST == late.told_from
        pairs = zip(worked_out(alike, waited), worked_out(alike, last), strict=True)
        expected = [(own * there + (FEWEST - own) * nearly) / FEWEST for there, nearly in pairs]
        assert late.won_by.tolist() == pytest.approx(expected, abs=1e-9)
