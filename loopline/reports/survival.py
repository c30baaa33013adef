"""How long things stay: the Kaplan–Meier estimate, in which what has not left yet counts as long as it was seen.

Leaving out what is still there would make every stage look quick; taking it as gone today would, too. Source: Kaplan
and Meier, Nonparametric Estimation from Incomplete Observations, 1958; the interval after Wilson, 1927.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Stay:
    """`count` stays of the same length; `has_left` is False for those that still go on (censored)."""

    length: float
    has_left: bool
    count: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    length: float
    still_there: float
    """Share that stays longer than `length`."""


def survival(stays: Iterable[Stay]) -> list[Step]:
    """The curve, one step a length at which something left. At equal lengths leaving comes before going on."""
    lengths: dict[float, list[int]] = {}
    for stay in stays:
        lengths.setdefault(stay.length, [0, 0])[0 if stay.has_left else 1] += stay.count
    at_risk = sum(left + staying for left, staying in lengths.values())
    share, curve = 1.0, []
    for length in sorted(lengths):
        left, staying = lengths[length]
        if left:
            share *= 1 - left / at_risk
            curve.append(Step(length, share))
        at_risk -= left + staying
    return curve


def quantile(curve: Sequence[Step], share: float) -> float | None:
    """The length after which `share` of all have left; None when the curve never gets there: it is not known yet."""
    for step in curve:
        if step.still_there <= 1 - share + 1e-12:
            return step.length
    return None


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole` with its 95 % interval (Wilson's). Of nothing there is none."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def percent(self) -> float | None:
        return None if self.value is None else 100 * self.value

    @property
    def low(self) -> float:
        return self._bounds()[0]

    @property
    def high(self) -> float:
        return self._bounds()[1]

    def _bounds(self) -> tuple[float, float]:
        if not self.whole:
            return 0.0, 1.0
        n, p, z2 = self.whole, self.part / self.whole, Z95 * Z95
        centre, spread = p + z2 / (2 * n), Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        return max(0.0, (centre - spread) / (1 + z2 / n)), min(1.0, (centre + spread) / (1 + z2 / n))
