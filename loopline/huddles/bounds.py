"""A decision's guard-rail and its condition for being taken back, as figures: the bound, what is seen, whether it is
crossed. Pure.

They are looked at every week, as the verdict is, and are judged by the same interval, which holds however often one
looks (`trial`): with the plain share nearly every guard-rail near its bound would be crossed at some look by chance.
"""

from dataclasses import asdict, dataclass
from typing import Any

from loopline.huddles.trial import ENOUGH, OUTCOMES, Arm, half_width

GUARD_RAIL, REVERSAL = "guard_rail", "reversal"
WORDS = {GUARD_RAIL: "must not get worse", REVERSAL: "taken back"}


@dataclass(frozen=True, slots=True)
class Bound:
    """`accepted`, 40: at least 40 % accepted; `sent_back`, 20: at most 20 % sent back."""

    kind: str
    outcome: str
    """Key of `trial.OUTCOMES`."""
    percent: int

    @property
    def words(self) -> str:
        """`accepted within 14 days: at least 40 %`; of a condition for taking it back `…: below 40 %`"""
        outcome = OUTCOMES[self.outcome]
        holds, breaks = ("at least", "below") if outcome.is_more_better else ("at most", "above")
        return f"{outcome.label}: {holds if self.kind == GUARD_RAIL else breaks} {self.percent} %"

    def seen_in(self, arm: Arm) -> "SeenBound":
        """What these leads, which have matured, say. Below `trial.ENOUGH` of them nothing is said."""
        if arm.whole < ENOUGH:
            return SeenBound(self.kind, self.words, arm.part, arm.whole)
        reach = half_width(arm.variance)
        low, high = 100 * max(0.0, arm.rate - reach), 100 * min(1.0, arm.rate + reach)
        return SeenBound(
            self.kind, self.words, arm.part, arm.whole, round(100 * arm.rate, 1), self._is_crossed(low, high),
            round(low, 1), round(high, 1),
        )  # fmt: skip

    def _is_crossed(self, low: float, high: float) -> bool | None:
        if low <= self.percent <= high:
            return None
        return (high < self.percent) == OUTCOMES[self.outcome].is_more_better


@dataclass(frozen=True, slots=True)
class SeenBound:
    """A bound as a review found it; kept with the review."""

    kind: str
    words: str
    part: int
    whole: int
    percent: float | None = None
    """None: too few leads to say."""
    is_crossed: bool | None = None
    """None: the interval shows neither."""
    low: float | None = None
    high: float | None = None
    """The interval, in percent."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"sentence": self.sentence}

    @property
    def sentence(self) -> str:
        """`Guard-rail crossed: accepted within 14 days: at least 40 %; seen 20 % (40 of 200 leads; 10 % to 30 %).`"""
        name = "Guard-rail" if self.kind == GUARD_RAIL else "Condition for taking it back"
        if self.percent is None:
            return f"{name} not known yet: {self.words}; {self.whole} of {ENOUGH} leads that it takes."
        return (
            f"{name} {self._state}: {self.words}; seen {self.percent:g} % "
            f"({self.part} of {self.whole} leads; {self.low:g} % to {self.high:g} %)."
        )

    @property
    def _state(self) -> str:
        if self.is_crossed is None:
            return "not shown either way"
        crossed, holds = ("crossed", "holds") if self.kind == GUARD_RAIL else ("met", "not met")
        return crossed if self.is_crossed else holds
