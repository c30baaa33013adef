"""How a total could be dealt out so that the curves promise most, within bounds, where something is known. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from loopline.reports.response.curve import Range, Response

STEPS = 400
"""Into so many equal parts the money that can be moved is cut."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and most that a row may be given a week, in whole minor units."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Proposal:
    spend: Mapping[str, int]
    """Row → proposed spend a week, in whole minor units; with what is left over exactly the total."""
    changes: Mapping[str, Range]
    """Row → how much more a week than with what is spent now."""
    left_over: int
    """Of the total that no row can take within its bounds; negative: what the bounds ask for beyond it."""

    @property
    def change(self) -> Range:
        """Of all rows together: their errors are taken as independent of each other."""
        value = sum(one.value for one in self.changes.values())
        low = sqrt(sum((one.value - one.low) ** 2 for one in self.changes.values()))
        high = sqrt(sum((one.high - one.value) ** 2 for one in self.changes.values()))
        return Range(value, value - low, value + high)


def bounds_of(response: Response, by_percent: float) -> Bounds:
    """Within so many percent of now, and never below or above what was ever spent in a week."""
    low = max(response.least, response.now * (1 - by_percent / 100))
    high = min(response.most, response.now * (1 + by_percent / 100))
    return Bounds(round(low), round(high))


def propose(responses: Mapping[str, Response], bounds: Mapping[str, Bounds], total: int) -> Proposal:
    """Deal out `total` minor units a week over the rows: each part goes where the best curve promises most for it.

    Looking a few parts ahead, since a curve may rise slowly at first. What a bound cuts off goes on to others.
    """
    spend = {key: bounds[key].low for key in responses}
    rest = total - sum(spend.values())
    part = -(-rest // STEPS)
    while responses and rest > 0:
        best = max(responses, key=lambda key: _worth(responses[key], spend[key], bounds[key].high, part))
        step = min(part, rest, bounds[best].high - spend[best])
        if step <= 0:
            break
        spend[best] += step
        rest -= step
    changes = {key: one.change(one.now, spend[key]) for key, one in responses.items()}
    return Proposal(spend, changes, rest)


def _worth(response: Response, spend: int, high: int, part: int) -> float:
    """The most that a unit of money brings in the next parts; less than anything where there is no room."""
    room = high - spend
    if room <= 0:
        return -float("inf")
    ahead = [min(times * part, room) for times in (1, 4, 16)]
    return max(response.best.slope * response.best.gain(spend, spend + one) / one for one in ahead)
