"""Whether a decision worked: an interval for the difference it made that holds however often somebody looks. Pure.

Looking every week at an ordinary 95 % interval and stopping at the first good one finds an effect where there is none
in a quarter of all cases. This one is the mixture sequential probability ratio test turned into an interval (Robbins
1970; Johari, Pekelis and Walsh, Always Valid Inference, 2015): for an estimate with variance V and a normal prior of
variance T for the effect, the half-width is √( V (V+T) / T × (ln((V+T)/V) − 2 ln α) ). It is wider than the ordinary
one: the price of being allowed to look. `benchmarks/RESULTS.md` says how often it errs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from math import sqrt

from loopline.lib import sequential

ALPHA = 0.05
USUAL_EFFECT = 0.1
"""Effects around ten points are what huddles decide about; the interval is narrowest for those."""
ENOUGH = 30
"""Below so many in an arm nothing is said."""
POWER_Z = 0.8416
"""Four times in five an effect of the expected size is to be seen."""
MOST_WEEKS = 52
WEEKS_BEFORE = 12
"""How long before a decision the “before” of before and after is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    key: str
    label: str
    matures: timedelta
    """So long after the hand-over it is decided."""
    is_more_better: bool


OUTCOMES = {
    one.key: one
    for one in (
        Outcome("accepted", "accepted within 14 days", timedelta(days=14), True),
        Outcome("sent_back", "sent back within 14 days", timedelta(days=14), False),
        Outcome("in_time", "answered in time", timedelta(days=7), True),
        Outcome("converted", "converted within 45 days", timedelta(days=45), True),
        Outcome("won", "won within 120 days", timedelta(days=120), True),
    )
}


@dataclass(frozen=True, slots=True)
class Arm:
    """`part` of `whole` leads had the outcome; `sign` says how it counts in the difference."""

    part: int
    whole: int
    sign: int = 1

    @property
    def rate(self) -> float:
        return self.part / self.whole

    @property
    def variance(self) -> float:
        """Of the rate, with one success and one failure added (Agresti and Caffo): never zero by luck."""
        rate = (self.part + 1) / (self.whole + 2)
        return rate * (1 - rate) / (self.whole + 2)


@dataclass(frozen=True, slots=True)
class Seen:
    effect: float | None
    """Difference of the rates; None while an arm is too small."""
    low: float | None = None
    high: float | None = None
    verdict: str = "not_shown"


def judge(arms: Sequence[Arm], *, is_more_better: bool = True) -> Seen:
    """What the arms show: treated (sign 1) against control (−1); four with before, after and a control series."""
    if any(arm.whole < ENOUGH for arm in arms):
        return Seen(None)
    effect = sum(arm.sign * arm.rate for arm in arms)
    reach = half_width(sum(arm.variance for arm in arms))
    low, high = effect - reach, effect + reach
    verdict = "not_shown" if low <= 0 <= high else "better" if (low > 0) == is_more_better else "worse"
    return Seen(effect, low, high, verdict)


def half_width(variance: float, alpha: float = ALPHA) -> float:
    """The same as `sequential.half_width` of the sum whose mean this is the variance of."""
    return sequential.half_width(variance, variance**2 / USUAL_EFFECT**2, alpha)


def is_treated(decision_id: str, lead_id: str) -> bool:
    """Which half of a random split a lead is in: the same on every screen, and nobody can choose it."""
    return sha256(f"{decision_id}/{lead_id}".encode()).digest()[0] % 2 == 0


def weeks_until_seen(
    baseline: float, points: int, per_week: float, variance_of: Callable[[float, float], float]
) -> int | None:
    """After how many weeks a change by so many percentage points would show; None when not within a year.

    `variance_of(rate, leads)` is the variance of the difference after `leads` leads.
    """
    changed = min(max(baseline + points / 100, 0.01), 0.99)
    for weeks in range(1, MOST_WEEKS + 1):
        leads = per_week * weeks
        if leads < 2 * ENOUGH:
            continue
        variance = variance_of((baseline + changed) / 2, leads)
        if abs(points) / 100 >= half_width(variance) + POWER_Z * sqrt(variance):
            return weeks
    return None


def split_in_two(rate: float, leads: float) -> float:
    """Variance of the difference of two halves."""
    return 4 * rate * (1 - rate) / leads


def against_before(per_week: float) -> Callable[[float, float], float]:
    """Variance of the difference from the weeks before, which do not grow."""

    def variance(rate: float, leads: float) -> float:
        return rate * (1 - rate) * (1 / leads + 1 / max(per_week * WEEKS_BEFORE, 1))

    return variance
