"""Shares of people beside the limits within which chance alone keeps them: a funnel plot. Pure.

The limits are exact binomial ones around the share of all together, interpolated as by Spiegelhalter (Funnel plots for
comparing institutional performance, Statistics in Medicine 24, 2005, appendix A.1.1). Who has few leads has wide ones;
a ranking would put the lucky and the unlucky with few leads at its ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, lgamma, log

WARN, ALARM = 0.95, 0.998


@dataclass(frozen=True, slots=True)
class Limits:
    """Shares from 0 to 1."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Point:
    name: str
    part: int
    whole: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A point with its limits."""

    point: Point
    share: float
    warn: Limits
    alarm: Limits

    @property
    def share_percent(self) -> float:
        return 100 * self.share

    @property
    def low_percent(self) -> float:
        return 100 * self.warn.low

    @property
    def high_percent(self) -> float:
        return 100 * self.warn.high

    @property
    def verdict(self) -> str:
        """`as others` · `above the 95 % limit` · `below the 99.8 % limit`"""
        for limits, name in ((self.alarm, "99.8 %"), (self.warn, "95 %")):
            if self.share > limits.high:
                return f"above the {name} limit"
            if self.share < limits.low:
                return f"below the {name} limit"
        return "as others"


@dataclass(frozen=True, slots=True)
class Funnel:
    target: float | None
    """The share of all together; None of nothing."""
    placed: Sequence[Placed]

    @property
    def target_percent(self) -> float | None:
        return None if self.target is None else 100 * self.target

    @property
    def largest(self) -> int:
        return max((one.point.whole for one in self.placed), default=0)


def funnel(shown: Sequence[Point], everybody: Sequence[Point]) -> Funnel:
    """`shown` against the share of `everybody`; who had no leads has no place."""
    whole = sum(one.whole for one in everybody)
    if not whole:
        return Funnel(None, [])
    target = sum(one.part for one in everybody) / whole
    return Funnel(target, [_placed(one, target) for one in shown if one.whole])


def _placed(point: Point, target: float) -> Placed:
    warn, alarm = (limits(point.whole, target, coverage) for coverage in (WARN, ALARM))
    return Placed(point, point.part / point.whole, warn, alarm)


@cache
def limits(whole: int, target: float, coverage: float) -> Limits:
    """Between which shares chance keeps `whole` leads of a true share `target`, so often as `coverage` says."""
    tail = (1 - coverage) / 2
    return Limits(max(0.0, _quantile(whole, target, tail)), min(1.0, _quantile(whole, target, 1 - tail)))


def _quantile(whole: int, target: float, level: float) -> float:
    """The interpolated quantile of the binomial distribution, as a share."""
    if target in {0.0, 1.0}:
        return target
    reached = 0.0
    for part in range(whole + 1):
        chance = exp(_log_chance(part, whole, target))
        reached += chance
        if reached >= level:
            return (part - (reached - level) / chance) / whole if chance else part / whole
    return 1.0


def _log_chance(part: int, whole: int, target: float) -> float:
    ways = lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)
    return ways + part * log(target) + (whole - part) * log(1 - target)
