"""Response curves: how outcomes of a week went with what was spent, with diminishing returns. Pure.

`outcome = a + b · sʰ ÷ (κʰ + sʰ) + c · week (+ season)` (Hill), where s is spend that works on over the next weeks
with a share of λ (adstock). b is fitted by least squares for every λ, κ and h of a grid; nothing is chosen: the
interval of a change holds what any of them says that fits nearly as well as the best (profile likelihood, Venzon and
Moolgavkar 1988), and is widened by the correlation of neighbouring weeks. How much worse still fits goes by two
parameters, not one: with a slope of nothing the shape has nothing to hold on to, and the best of many shapes fits
chance (Davies 1987). A curve is an association: what was spent where demand was high anyway looks better than it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

FEWEST_WEEKS = 26
FEWEST_OUTCOMES = 30
LEAST_VARIATION = 0.15
"""Standard deviation of weekly spend ÷ its mean; below, nothing can be learnt from it."""
RECENT_WEEKS = 13
"""What is spent now: the mean of so many last weeks."""
LEVEL = 0.95
CARRY_OVER = (0.0, 0.25, 0.5, 0.75)
HALF = (0.2, 0.5, 1.0, 2.0, 5.0, 20.0)
"""κ, the spend of half the effect, in mean weekly spends; the last is nearly a straight line."""
POWERS = (0.6, 1.0, 1.6, 2.5)
"""h: up to 1 every next one is worth less from the start; above, the first ones are worth little."""
SEASON_WEEKS = 78
"""From so many weeks on a yearly wave is told apart from the trend."""
_YEAR = 365.25 / 7
Floats = NDArray[np.float64]


class NotKnownError(ValueError):
    """Nothing can be learnt from these weeks; the message says why."""


@dataclass(frozen=True, slots=True)
class Range:
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Shape:
    carry_over: float
    half: float
    """In the unit of spend."""
    power: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """One shape of the grid, with the slope that fits best."""

    shape: Shape
    slope: float
    rss: float
    information: float
    """Sum of squares of the curve's values that nothing else explains: what the slope is known by."""

    def gain(self, before: float, after: float) -> float:
        """How much more the curve has at `after`, for a slope of 1. Steady spend: what carries over is in it."""
        return self._at(after) - self._at(before)

    def _at(self, spend: float) -> float:
        return float(hill(np.asarray([spend]), self.shape.half, self.shape.power)[0])


@dataclass(frozen=True, slots=True)
class Response:
    fits: tuple[Fitted, ...]
    """The best first."""
    slack: float
    """How much worse than the best, in residual sum of squares, still fits."""
    now: float
    """Mean weekly spend of the last weeks."""
    least: float
    most: float
    """The lowest and highest weekly spend that was seen; outside nothing is known."""
    weeks: int
    outcome_now: float
    """Mean weekly outcome of the last weeks."""
    hangs_on: int | None = None
    """How many weeks before the last one there is a week without which 10 % more would lie outside of its range."""

    @property
    def best(self) -> Fitted:
        return self.fits[0]

    def change(self, before: float, after: float) -> Range:
        """How much more a week where `after` is spent instead of `before`."""
        value = self.best.slope * self.best.gain(before, after)
        found = [self.says(one, before, after) for one in self.near()]
        return Range(value, min([value, *(one.low for one in found)]), max([value, *(one.high for one in found)]))

    def near(self) -> list[Fitted]:
        """The shapes that fit nearly as well as the best, it first: what the range is told from."""
        return [one for one in self.fits if one.rss <= self.best.rss + self.slack and one.information > 0]

    def says(self, shape: Fitted, before: float, after: float) -> Range:
        """What one of these shapes says of a change, with how far its slope may be off."""
        gain = shape.gain(before, after)
        reach = sqrt((self.best.rss + self.slack - shape.rss) / shape.information)
        low, high = sorted(((shape.slope - reach) * gain, (shape.slope + reach) * gain))
        return Range(shape.slope * gain, low, high)

    def ten_more(self) -> Range:
        """How much more a week with 10 % more than now."""
        return self.change(self.now, 1.1 * self.now)

    @property
    def knows_ten_more(self) -> bool:
        return 1.1 * self.now <= self.most


def respond(spend: Sequence[float | None], outcome: Sequence[float]) -> Response:
    """The response of one row, a value a whole week, oldest first. Raises NotKnownError, with the reason, where the
    weeks cannot tell: too few, spend unknown or hardly varied, too few outcomes."""
    known, seen = _known(spend), np.asarray(outcome, dtype=np.float64)
    weeks = len(known)
    if weeks < FEWEST_WEEKS:
        raise NotKnownError(f"{weeks} whole weeks with a known cost; a curve needs {FEWEST_WEEKS}")
    seen = seen[-weeks:]
    mean = float(known.mean())
    if mean <= 0:
        raise NotKnownError("nothing was spent")
    variation = float(known.std()) / mean
    if variation < LEAST_VARIATION:
        raise NotKnownError(f"cost hardly varied (by {100 * variation:.0f} % of its mean from week to week)")
    if np.count_nonzero(seen) < FEWEST_WEEKS // 2:
        raise NotKnownError(f"something came of it in {np.count_nonzero(seen)} weeks only")
    now = float(known[-RECENT_WEEKS:].mean())
    if now <= 0:
        raise NotKnownError("nothing is spent now, so there is nothing to add 10 % to")
    others = _others(weeks)
    fits, residual = _grid(known, seen, others, np.ones(weeks, dtype=np.bool_))
    freedom = weeks - others.shape[1] - 3
    quantile = freedom * ((1 - LEVEL) ** (-2 / freedom) - 1)  # twice that of F with 2 and `freedom` degrees
    slack = fits[0].rss / freedom * quantile * _inflation(residual)
    found = Response(
        fits, slack, now, float(known.min()), float(known.max()), weeks, float(seen[-RECENT_WEEKS:].mean())
    )
    odd = int(np.argmax(np.abs(seen - np.median(seen))))
    [without, *_], _ = _grid(known, seen, others, np.arange(weeks) != odd)
    told, more = found.ten_more(), without.slope * without.gain(now, 1.1 * now)
    return found if told.low <= more <= told.high else replace(found, hangs_on=weeks - 1 - odd)


def _grid(known: Floats, seen: Floats, others: Floats, kept: NDArray[np.bool_]) -> tuple[tuple[Fitted, ...], Floats]:
    """All shapes over the weeks that are kept, the best first, and what the best leaves unexplained."""
    found = [
        _fit(worked[kept], seen[kept], others[kept], Shape(carry_over, times * float(known.mean()), power))
        for carry_over in CARRY_OVER
        for worked in (_adstock(known, carry_over),)
        for times in HALF
        for power in POWERS
    ]
    found.sort(key=lambda pair: pair[0].rss)
    return tuple(fit for fit, _ in found), found[0][1]


def _known(spend: Sequence[float | None]) -> Floats:
    """The last weeks in a row whose spend is known."""
    until = list(spend)
    start = max((place + 1 for place, one in enumerate(until) if one is None), default=0)
    return np.asarray([one or 0.0 for one in until[start:]], dtype=np.float64)


def _others(weeks: int) -> Floats:
    """What explains outcomes beside spend: a level, a trend, and a yearly wave where it can be told."""
    week = np.arange(weeks, dtype=np.float64)
    columns = [np.ones(weeks), week / weeks]
    if weeks >= SEASON_WEEKS:
        columns += [np.sin(2 * pi * week / _YEAR), np.cos(2 * pi * week / _YEAR)]
    return np.column_stack(columns)


def _adstock(spend: Floats, carry_over: float) -> Floats:
    """Spend that works on: of steady spend it is the spend itself. Before the first week it was as on average."""
    worked, before = np.empty_like(spend), float(spend[:4].mean())
    for place, one in enumerate(spend):
        before = (1 - carry_over) * float(one) + carry_over * before
        worked[place] = before
    return worked


def hill(spend: Floats, half: float, power: float) -> Floats:
    """From 0 without spend towards 1; a half at `half`."""
    raised: Floats = np.power(np.maximum(spend, 0.0) / half, power)
    return raised / (1 + raised)


def _fit(worked: Floats, seen: Floats, others: Floats, shape: Shape) -> tuple[Fitted, Floats]:
    curve = hill(worked, shape.half, shape.power)
    both = np.column_stack([curve, seen])
    explained = others @ np.linalg.lstsq(others, both, rcond=None)[0]
    left_curve, left_seen = (both - explained).T
    information = float(left_curve @ left_curve)
    slope = float(left_curve @ left_seen) / information if information > 0 else 0.0
    residual = left_seen - slope * left_curve
    return Fitted(shape, slope, float(residual @ residual), information), residual


def _inflation(residual: Floats) -> float:
    """How much wider intervals get because a week resembles the one before it."""
    square = float(residual @ residual)
    if square == 0:
        return 1.0
    likeness = float(residual[1:] @ residual[:-1]) / square + 1 / len(residual)
    likeness = min(max(likeness, 0.0), 0.8)
    return (1 + likeness) / (1 - likeness)
