"""How often experiments err when somebody looks every week: `python -m benchmarks.experiments`.

Companies that nobody knows: people are assigned over the first weeks, some become leads, some of those buy for amounts
as uneven as real ones. Without any effect the verdict must hold in 95 % of all experiments at every look; with an
effect the interval must hold the truth at every look. `--plant` breaks the rule on purpose: it looks with ordinary
intervals, and the check has to fail.
"""

import argparse
import sys
from dataclasses import dataclass
from functools import cache
from math import exp, sqrt

import numpy as np

from benchmarks.machine import machine
from loopline.reports.experiments.lift import HOLDOUT, TREATED, Design, Lift, Tally, expected_by_the_end, lift_of

WEEKS = 12
RUNS = 2_000
"""Without an effect; a quarter of them with one."""
SIGMA = 1.0
"""Of the logarithm of amounts: nine tenths of sales lie within a factor of 27."""
EVEN = 0.2
"""The same of one product at about one price: within a factor of two."""
MEDIAN = 1_500_000


@dataclass(frozen=True, slots=True)
class World:
    name: str
    subjects: int
    holdout: float
    lead_rate: float
    won_of_leads: float
    factor: float = 1.0
    """How many times as many leads the treated have."""
    expected: float = 1.0
    """How well the base rates were known: what was planned for ÷ what came; 0: not at all."""
    sigma: float = SIGMA

    @property
    def mean(self) -> float:
        """Of the amounts."""
        return MEDIAN * exp(self.sigma**2 / 2)

    @property
    def square(self) -> float:
        """The mean of their squares."""
        return MEDIAN**2 * exp(2 * self.sigma**2)


WORLDS = (
    World("no effect", 4_000, 0.2, 0.05, 0.2),
    World("no effect, few", 600, 0.5, 0.03, 0.2),
    World("no effect, small holdout", 20_000, 0.05, 0.02, 0.15),
    World("no effect, planned for a tenth", 4_000, 0.2, 0.05, 0.2, expected=0.1),
    World("no effect, small holdout, even amounts", 4_000, 0.05, 0.05, 0.4, sigma=EVEN),
    World("no effect, the same, nothing known", 4_000, 0.05, 0.05, 0.4, expected=0.0, sigma=EVEN),
    World("half as many again", 4_000, 0.2, 0.05, 0.2, factor=1.5),
    World("twice as many", 4_000, 0.5, 0.05, 0.2, factor=2.0),
    World("a third fewer", 4_000, 0.3, 0.08, 0.2, factor=0.67),
)


def looks(world: World, dice: np.random.Generator) -> list[Tally]:
    """What somebody sees at the end of each week; people come in over the first two thirds of the weeks."""
    treated = dice.random(world.subjects) >= world.holdout
    came = dice.integers(0, WEEKS * 2 // 3, world.subjects)
    rate = world.lead_rate * np.where(treated, world.factor, 1.0)
    is_lead = dice.random(world.subjects) < rate
    lead_in = came + dice.integers(0, WEEKS - came)
    won_in = np.where(
        dice.random(world.subjects) < world.won_of_leads, lead_in + dice.integers(0, 4, world.subjects), WEEKS
    )
    amounts = np.round(MEDIAN * np.exp(world.sigma * dice.standard_normal(world.subjects))).astype(int)
    found = []
    for week in range(WEEKS):
        lead, won = is_lead & (lead_in <= week), is_lead & (won_in <= week)
        arms = {TREATED: treated, HOLDOUT: ~treated}
        found.append(
            Tally(
                {arm: int((here & (came <= week)).sum()) for arm, here in arms.items()},
                {"lead": {arm: int((here & lead).sum()) for arm, here in arms.items()}},
                {arm: amounts[here & won].tolist() for arm, here in arms.items()},
            )
        )
    return found


def design_of(world: World) -> Design:
    rate = world.lead_rate
    expected = expected_by_the_end(world.subjects, {"lead": rate}, rate * world.won_of_leads * world.square)
    return Design(world.holdout, {key: value * world.expected for key, value in expected.items()})


def truth(outcome: str, world: World, won_share: float) -> float:
    """Of counts the lift; of revenue what the treated would not have brought."""
    if outcome == "lead":
        return world.factor - 1
    return world.subjects * (1 - world.holdout) * world.lead_rate * (world.factor - 1) * won_share * world.mean


def plain(found: Lift, tally: Tally, world: World) -> bool:
    """The planted fault: is it shown by an ordinary 95 % interval of the difference of rates?"""
    first, second = found.treated_rate or 0.0, found.holdout_rate or 0.0
    sizes = max(tally.subjects[TREATED], 1), max(tally.subjects[HOLDOUT], 1)
    error = sqrt(first * (1 - first) / sizes[0] + second * (1 - second) / sizes[1])
    return abs(first - second) > 1.96 * error > 0


def run(world: World, runs: int, *, is_planted: bool = False) -> dict[str, float]:
    """Shares of runs: something was shown at some look; the truth was outside at some look."""
    dice = np.random.default_rng(28)
    design = design_of(world)
    shown = dict.fromkeys(("lead", "revenue"), 0)
    missed, at_end = dict(shown), dict(shown)
    for _ in range(runs):
        tallies = looks(world, dice)
        for outcome in shown:
            seen = [lift_of(outcome, tally, design) for tally in tallies]
            if is_planted and outcome == "lead":
                shown[outcome] += any(plain(one, tally, world) for one, tally in zip(seen, tallies, strict=True))
            else:
                shown[outcome] += any(one.is_shown for one in seen)
            at_end[outcome] += seen[-1].is_shown
            missed[outcome] += any(_is_outside(one, outcome, world, week) for week, one in enumerate(seen))
    return {
        f"{outcome} {what}": count / runs
        for what, counts in (("shown", shown), ("shown at the end", at_end), ("truth missed", missed))
        for outcome, count in counts.items()
    }


def _is_outside(found: Lift, outcome: str, world: World, week: int) -> bool:
    if outcome == "lead":
        low, high = found.lift_low, found.lift_high
    else:
        low, high = found.extra_low, found.extra_high
    # What the treated owe to the campaign grows until the last sale; before that only its sign is known here.
    if outcome == "revenue" and world.factor != 1 and week < WEEKS - 1:
        return False
    true = truth(outcome, world, won_until_the_end(world))
    return (low is not None and true < low) or (high is not None and true > high)


@cache
def won_until_the_end(world: World) -> float:
    """Share of leads that were won within the weeks, by the same dice."""
    dice = np.random.default_rng(1)
    came = dice.integers(0, WEEKS * 2 // 3, 200_000)
    won_in = came + dice.integers(0, WEEKS - came) + dice.integers(0, 4, 200_000)
    return world.won_of_leads * float((won_in < WEEKS).mean())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--plant", action="store_true", help="look with ordinary intervals: must fail")
    given = parser.parse_args()
    print(machine())
    is_sound = True
    print(
        "| experiment | of | shown at some look | shown at the end | truth outside at some look |\n"
        "|---|---|---:|---:|---:|"
    )
    for world in WORLDS:
        found = run(world, given.runs if world.factor == 1 else given.runs // 4, is_planted=given.plant)
        for outcome in ("lead", "revenue"):
            shown, end, missed = (found[f"{outcome} {what}"] for what in ("shown", "shown at the end", "truth missed"))
            print(f"| {world.name} | {outcome} | {shown:.1%} | {end:.1%} | {missed:.1%} |", flush=True)
            is_sound &= missed <= 0.05 and (world.factor != 1 or shown <= 0.05)
    print("sound" if is_sound else "NOT sound: more than 5 % of the experiments err")
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
