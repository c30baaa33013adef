"""How much of the revenue that touchpoints of a period will earn has had time to be won: for the cohort clock.

Touchpoints older than the lookback window earn nothing any more, so how long after them sales were won is known in
full. A day of the period is as ripe as the share of their revenue that was won within its age; the period is as ripe
as its days on average, which takes every day to bring as much.
"""

from collections.abc import Mapping
from itertools import accumulate

from loopline.reports.options import Scope

LONGEST_DAYS = 365
"""Without a window revenue that comes later than this after a touchpoint is not waited for."""
RIPE, YOUNG = 99.5, 95.0
"""Percent: from the first on a period is as good as over, below the second it gets no verdict."""
DAY_US = 86_400_000_000


def window_us(scope: Scope) -> int:
    """After so long a touchpoint is taken to have earned all that it will."""
    return min(scope.options.lookback_days or LONGEST_DAYS, LONGEST_DAYS) * DAY_US


def ripeness(earned_after: Mapping[int, int], scope: Scope) -> float | None:
    """Percent; None where no older touchpoint earned anything to learn from.

    `earned_after`: whole days from a touchpoint that is past its window to the sale → minor units that it earned then.
    """
    whole = sum(earned_after.values())
    if whole <= 0:
        return None
    days = (scope.last - scope.first).days + 1
    oldest = (scope.today - scope.first).days
    ages = range(max(oldest - days + 1, 0), max(oldest, 0) + 1)
    won_by_age = [0, *accumulate(earned_after.get(age, 0) for age in range(ages[-1]))]
    ripe = sum(won_by_age[age] for age in ages)
    return min(100.0, 100 * ripe / (whole * len(ages)))


def ripeness_words(ripe: float | None, scope: Scope) -> list[str]:
    """What to know before judging the period; nothing where it is ripe."""
    if ripe is None:
        return [
            "Too early to judge: how much of this period's revenue is still to come cannot be told, as no touchpoint "
            f"older than {window_us(scope) // DAY_US} days has earned anything yet."
        ]
    if ripe >= RIPE:
        return []
    verdict = "Too early to judge" if ripe < YOUNG else "Not all of it is in yet"
    return [
        f"{verdict}: about {ripe:.0f} % of what touchpoints of this period are going to earn has been won by now, "
        "going by how long older ones took. Revenue and return still rise, cost does not."
    ]
