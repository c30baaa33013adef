"""The smallest lift that a planned experiment can show, four times in five, at its planned end. Pure.

It assumes that people of the experiment reach the outcome as often as those of the base rates did, that all planned
are assigned, that the campaign multiplies the rate of everybody it is meant for by the same factor, and nothing else
differs between the arms.
"""

from math import erf, exp, lgamma, log, sqrt

from loopline.lib.sequential import ALPHA, evidence_against, half_width, prior_for, tuned
from loopline.reports.experiments.base_rates import BaseRates

POWER = 0.8
_POWER_Z = 0.8416
LARGEST = 10.0
"""Lifts above eleven times the rate are not looked for."""
_STEPS = 24


def smallest_lift(outcome: str, base: BaseRates, subjects: int, holdout_share: float) -> float | None:
    """0.25: a quarter more. None when no lift up to LARGEST would show, or the base rate is not known."""
    if outcome == "revenue":
        return _of_money(base, subjects, holdout_share)
    rate = base.rates.get(outcome, 0.0)
    if rate <= 0 or _power(LARGEST, rate, subjects, holdout_share) < POWER:
        return None
    low, high = 0.0, LARGEST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if _power(middle, rate, subjects, holdout_share) >= POWER else (middle, high)
    return high


def _power(lift: float, rate: float, subjects: int, holdout_share: float) -> float:
    """Chance that a lift shows at the end: as many treated among those who reached it as chance alone never gives."""
    chance = 1 - holdout_share
    changed = min(rate * (1 + lift), 1.0)
    whole = round(subjects * (chance * changed + holdout_share * rate))
    share = chance * changed / (chance * changed + holdout_share * rate)
    prior = prior_for(chance, subjects * rate)
    low, high = round(whole * chance), whole + 1
    while low < high:  # the smallest number of treated that is evidence enough
        middle = (low + high) // 2
        enough = middle > whole * chance and middle <= whole
        if enough and evidence_against(chance, middle, whole, prior) >= -log(ALPHA):
            high = middle
        else:
            low = middle + 1
    return 0.0 if low > whole else _at_least(low, whole, share)


def _at_least(part: int, whole: int, share: float) -> float:
    """Chance of `part` or more of `whole`: exact up to a thousand, then by the normal."""
    if whole > 1_000:
        return 0.5 - 0.5 * erf((part - 0.5 - whole * share) / sqrt(2 * whole * share * (1 - share)))
    base = lgamma(whole + 1)
    return sum(
        exp(base - lgamma(one + 1) - lgamma(whole - one + 1) + one * log(share) + (whole - one) * log(1 - share))
        for one in range(part, whole + 1)
    )


def _of_money(base: BaseRates, subjects: int, holdout_share: float) -> float | None:
    if base.revenue_minor <= 0:
        return None
    alike = subjects * base.revenue_square / (holdout_share * (1 - holdout_share))
    lift = 0.0
    for _ in range(_STEPS):  # the more the campaign brings, the more there is that varies
        variance = alike * (1 + (1 - holdout_share) * lift)
        least = half_width(variance, tuned(alike)) + _POWER_Z * sqrt(variance)
        lift = least / (subjects * base.revenue_minor)
        if lift > LARGEST:
            return None
    return lift
