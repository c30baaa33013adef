"""How well a score tells winners from the rest: the area under the ROC curve with its interval. Pure, on numpy.

The area is the chance that a lead that was won has a higher score than one that was not; equal scores count half. Its
variance, and that of the difference of two scores on the same leads, are DeLong's (Biometrics, 1988), worked out
by midranks as in Sun and Xu (IEEE Signal Processing Letters, 2014).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Contest:
    """Two scores over the same leads."""

    first: Interval
    second: Interval
    difference: Interval
    """First less second."""


def contest(first: Sequence[float], second: Sequence[float], won: Sequence[bool]) -> Contest:
    """Raises ValueError without both winners and others."""
    is_won = np.asarray(won, dtype=bool)
    if is_won.all() or not is_won.any():
        raise ValueError("an area needs leads that were won and leads that were not")
    scores = np.asarray([first, second], dtype=np.float64)
    areas, covariance = _delong(scores[:, is_won], scores[:, ~is_won])
    spread = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    gap = float(areas[0] - areas[1])
    half = Z95 * math.sqrt(max(0.0, float(spread)))
    return Contest(
        _within_one(float(areas[0]), float(covariance[0, 0])),
        _within_one(float(areas[1]), float(covariance[1, 1])),
        Interval(gap, gap - half, gap + half),
    )


def _delong(winners: Floats, others: Floats) -> tuple[Floats, Floats]:
    """Areas of the scores (rows) and their covariance."""
    m, n = winners.shape[1], others.shape[1]
    together = np.array([_midranks(row) for row in np.concatenate([winners, others], axis=1)])
    among_winners = np.array([_midranks(row) for row in winners])
    among_others = np.array([_midranks(row) for row in others])
    beaten = (together[:, :m] - among_winners) / n
    """For each winner the share of others below it."""
    above = 1 - (together[:, m:] - among_others) / m
    areas: Floats = beaten.mean(axis=1)
    covariance: Floats = _covariance(beaten) / m + _covariance(above) / n
    return areas, covariance


def _covariance(values: Floats) -> Floats:
    if values.shape[1] < 2:
        return np.zeros((len(values), len(values)))
    return np.atleast_2d(np.cov(values))


def _midranks(values: Floats) -> Floats:
    order = np.sort(values)
    left, right = np.searchsorted(order, values, "left"), np.searchsorted(order, values, "right")
    ranks: Floats = (left + right + 1) / 2
    return ranks


def _within_one(area: float, variance: float) -> Interval:
    """The interval on the scale of the log odds, so that it stays between 0 and 1."""
    if not 0 < area < 1:
        return Interval(area, area, area)
    half = Z95 * math.sqrt(max(0.0, variance)) / (area * (1 - area))
    odds = math.log(area / (1 - area))
    return Interval(area, 1 / (1 + math.exp(half - odds)), 1 / (1 + math.exp(-half - odds)))
