"""How often the budget planner's interval of “10 % more” holds the truth: `python -m benchmarks.planner`.

Worlds of 52 to 104 weeks with a known response (a Hill curve, a power, a logarithm, a straight line, none at all) with
carry-over, trend, weeks that resemble each other, and counts as uneven as leads are. `--plant` fits a straight line
through the data without any of it, with an ordinary interval: the check has to fail.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.machine import machine
from loopline.reports.response.curve import NotKnownError, Range, respond

RUNS = 300
LEAST = 0.9
"""Share of worlds in which the interval must hold the truth."""
MEAN = 5_000.0
Curve = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class World:
    name: str
    curve: Curve
    """Outcomes a week at a steady weekly spend."""
    weeks: int = 104
    carry_over: float = 0.0
    level: float = 5.0
    trend: float = 0.0
    likeness: float = 0.0
    """Of neighbouring weeks' luck."""
    money: bool = False


def hill(most: float, half: float, power: float = 1.0) -> Curve:
    return lambda spend: most * spend**power / (half**power + spend**power)


WORLDS = (
    World("Hill", hill(30, 5_000)),
    World("Hill, S-shaped", hill(30, 4_000, 1.6)),
    World("Hill, carry-over a half", hill(30, 5_000), carry_over=0.5),
    World("power 0.5, trend", lambda spend: 15 * (spend / MEAN) ** 0.5, trend=8.0),
    World("straight line, one year", lambda spend: 12 * spend / MEAN, weeks=52),
    World("logarithm, weeks alike", lambda spend: 10 * np.log1p(spend / 2_500), likeness=0.4),
    World("nothing", lambda _spend: 0.0, level=15.0),
    World("nothing, weeks alike, one year", lambda _spend: 0.0, level=15.0, weeks=52, likeness=0.4),
    World("Hill, revenue of few sales", hill(8, 5_000), level=2.0, money=True),
)


def simulated(world: World, dice: np.random.Generator) -> tuple[list[float], list[float]]:
    """Weekly spend and outcomes."""
    spend = np.empty(world.weeks)
    budget = 1.0
    for week in range(world.weeks):
        if week % 6 == 0:
            budget = float(np.exp(0.5 * dice.standard_normal()))
        spend[week] = MEAN * budget * np.exp(0.15 * dice.standard_normal())
    worked, before, luck = np.empty(world.weeks), spend[0], 0.0
    outcomes = []
    for week in range(world.weeks):
        before = (1 - world.carry_over) * spend[week] + world.carry_over * before
        worked[week] = before
        luck = world.likeness * luck + 0.25 * dice.standard_normal() * (1 if world.likeness else 0)
        mean = (world.level + world.trend * week / world.weeks + world.curve(before)) * np.exp(luck)
        count = int(dice.poisson(mean))
        outcomes.append(float(dice.lognormal(9, 0.8, count).sum()) if world.money else float(count))
    return spend.tolist(), outcomes


def truth(world: World, now: float) -> float:
    # Luck multiplies all of a week; its mean is a little more than one.
    luck = 1.0 if not world.likeness else float(np.exp(0.25**2 / (1 - world.likeness**2) / 2))
    gain = (world.curve(1.1 * now) - world.curve(now)) * luck
    return gain * float(np.exp(9 + 0.8**2 / 2)) if world.money else gain


def plain(spend: list[float], outcome: list[float], now: float) -> Range:
    """The planted fault: an ordinary straight line."""
    x, y = np.asarray(spend), np.asarray(outcome)
    slope = float(np.cov(x, y, bias=True)[0, 1] / x.var())
    rest = y - y.mean() - slope * (x - x.mean())
    error = float(np.sqrt((rest @ rest) / (len(x) - 2) / (len(x) * x.var())))
    return Range(0.1 * now * slope, 0.1 * now * (slope - 1.96 * error), 0.1 * now * (slope + 1.96 * error))


def run(world: World, runs: int, *, is_planted: bool = False) -> tuple[float, float, int]:
    """Share of worlds whose interval held the truth, its median width in truths, and how many were refused."""
    dice, held, widths, refused = np.random.default_rng(11), 0, [], 0
    for _ in range(runs):
        spend, outcome = simulated(world, dice)
        try:
            found = respond(spend, outcome)
        except NotKnownError:
            refused += 1
            continue
        true = truth(world, found.now)
        told = plain(spend, outcome, found.now) if is_planted else found.ten_more()
        held += told.low <= true <= told.high
        widths.append((told.high - told.low) / true if true else float("nan"))
    told_runs = max(runs - refused, 1)
    return held / told_runs, float(np.median(widths)) if widths else float("nan"), refused


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--plant", action="store_true", help="a straight line and an ordinary interval: must fail")
    given = parser.parse_args()
    print(machine())
    print("| world | weeks | interval held the truth | its width, in truths | refused |\n|---|---:|---:|---:|---:|")
    is_sound = True
    for world in WORLDS:
        held, width, refused = run(world, given.runs, is_planted=given.plant)
        is_sound &= held >= LEAST
        width_told = "–" if np.isnan(width) else f"{width:.1f}"
        print(f"| {world.name} | {world.weeks} | {held:.1%} | {width_told} | {refused} |", flush=True)
    print("sound" if is_sound else f"NOT sound: the truth is to be held in {LEAST:.0%} of the worlds")
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
