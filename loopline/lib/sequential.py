"""Intervals that hold at every look, however often somebody looks, and whenever they stop. Pure.

Both are mixture likelihood ratios turned into intervals: under the truth the ratio is a martingale that begins at 1, so
that it ever reaches 1/α has a chance of α at most (Ville 1939; Robbins 1970; Johari, Pekelis and Walsh, *Always Valid
Inference*, 2015; Howard, Ramdas and others, *Time-uniform confidence sequences*, 2021).
"""

from dataclasses import dataclass
from math import lgamma, log, sqrt

ALPHA = 0.05
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Prior:
    """How a share is spread beforehand: a beta around `share`, worth as much as `weight` trials."""

    share: float
    weight: float

    @property
    def parts(self) -> tuple[float, float]:
        return self.share * self.weight, (1 - self.share) * self.weight


def prior_for(share: float, trials: float, alpha: float = ALPHA) -> Prior:
    """The prior with which the interval is narrowest after about so many trials. It is chosen before the first one."""
    return Prior(share, max(tuned(trials, alpha) - 1, 1.0))


def tuned(variance: float, alpha: float = ALPHA) -> float:
    """The tuning of `half_width` with which it is narrowest where the variance is about this (Howard and others)."""
    return variance / (-2 * log(alpha) + log(1 - 2 * log(alpha)))


def evidence_against(share: float, part: int, whole: int, prior: Prior) -> float:
    """Natural logarithm of the mixture likelihood ratio against a true share, after `part` of `whole` trials."""
    return _mixed(part, whole, prior) - _log_of(share, part) - _log_of(1 - share, whole - part)


def share_bounds(part: int, whole: int, prior: Prior, alpha: float = ALPHA) -> tuple[float, float]:
    """Between what a share lies, at every look at once with a chance of 1 − α: exact, whatever the counts are."""
    if whole == 0:
        return 0.0, 1.0
    least = _mixed(part, whole, prior) + log(alpha)
    low = 0.0 if part == 0 else _border(0.0, part, whole, least)
    high = 1.0 if part == whole else _border(1.0, part, whole, least)
    return low, high


def half_width(variance: float, tuning: float, alpha: float = ALPHA) -> float:
    """Half of the interval around a sum of independent parts whose variance so far is `variance`.

    `tuning` is in the unit of the variance and chosen beforehand (`tuned`). For sums that are about normal: for many
    small parts, not for a few big ones.
    """
    return sqrt((variance + tuning) * (log((variance + tuning) / tuning) - 2 * log(alpha)))


def _border(outside: float, part: int, whole: int, least: float) -> float:
    """Where the likelihood falls below `least`, on the way from the share that was seen to the outside."""
    inside = part / whole
    for _ in range(_STEPS):
        middle = (outside + inside) / 2
        if _log_of(middle, part) + _log_of(1 - middle, whole - part) <= least:
            outside = middle
        else:
            inside = middle
    return outside


def _mixed(part: int, whole: int, prior: Prior) -> float:
    first, second = prior.parts
    return _log_beta(first + part, second + whole - part) - _log_beta(first, second)


def _log_of(share: float, times: int) -> float:
    if times == 0:
        return 0.0
    return times * log(share) if share > 0 else -float("inf")


def _log_beta(first: float, second: float) -> float:
    return lgamma(first) + lgamma(second) - lgamma(first + second)
