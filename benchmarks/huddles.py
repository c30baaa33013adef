"""How often the huddle sees an effect where there is none: firms in which nothing changed, looked at every week.

Two designs: two random halves, and twelve weeks before against the time since. Beside it, how soon a real effect shows.
"""

import random
from statistics import median

from loopline.huddles.trial import Arm, judge

FIRMS = 2_000
WEEKS = 26
PER_WEEK = 40


def first_verdict(dice: random.Random, effect: float, *, with_before: bool) -> tuple[str, int]:
    """The first verdict that somebody who looks every week sees, and after how many weeks; (`not_shown`, WEEKS)."""
    rate = dice.uniform(0.2, 0.8 - max(effect, 0))
    before = Arm(_part(dice, rate, 12 * PER_WEEK), 12 * PER_WEEK, -1)
    treated = control = size = 0
    for week in range(1, WEEKS + 1):
        arm = PER_WEEK if with_before else PER_WEEK // 2
        size += arm
        treated += _part(dice, rate + effect, arm)
        control += _part(dice, rate, arm)
        seen = judge([Arm(treated, size), before if with_before else Arm(control, size, -1)])
        if seen.verdict != "not_shown":
            return seen.verdict, week
    return "not_shown", WEEKS


def _part(dice: random.Random, rate: float, whole: int) -> int:
    return sum(dice.random() < rate for _ in range(whole))


def main() -> None:
    print(
        f"`python -m benchmarks.huddles`: {FIRMS:,} simulated firms a line, {PER_WEEK} hand-overs a week, looked at\n"
        f"every week for {WEEKS} weeks; the first verdict counts.\n"
    )
    print("| design | true change | better | worse | median weeks until better |")
    print("|---|---:|---:|---:|---:|")
    for label, with_before in (("two random halves", False), ("before and after", True)):
        for effect in (0.0, 0.1, 0.2):
            dice = random.Random(2026)
            verdicts = [first_verdict(dice, effect, with_before=with_before) for _ in range(FIRMS)]
            better = [week for verdict, week in verdicts if verdict == "better"]
            worse = sum(verdict == "worse" for verdict, _ in verdicts)
            weeks = f"{median(better):.0f}" if better and effect else "–"
            print(
                f"| {label} | {100 * effect:+.0f} pt | {len(better):,} ({100 * len(better) / FIRMS:.1f} %) | "
                f"{worse:,} ({100 * worse / FIRMS:.1f} %) | {weeks} |"
            )


if __name__ == "__main__":
    main()
