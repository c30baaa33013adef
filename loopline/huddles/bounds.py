"""A decision's guard-rail and its condition for being taken back, as figures: the bound, what is seen, whether it is
crossed. Pure.
"""

from dataclasses import asdict, dataclass
from typing import Any

from loopline.huddles.trial import ENOUGH, OUTCOMES, Arm

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
            return SeenBound(self.kind, self.words, arm.part, arm.whole, None, None)
        seen, is_more_better = 100 * arm.rate, OUTCOMES[self.outcome].is_more_better
        is_crossed = seen < self.percent if is_more_better else seen > self.percent
        return SeenBound(self.kind, self.words, arm.part, arm.whole, round(seen, 1), is_crossed)


@dataclass(frozen=True, slots=True)
class SeenBound:
    """A bound as a review found it; kept with the review."""

    kind: str
    words: str
    part: int
    whole: int
    percent: float | None
    is_crossed: bool | None
    """None: too few leads to say."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"sentence": self.sentence}

    @property
    def sentence(self) -> str:
        """`Guard-rail crossed: accepted within 14 days: at least 40 %; seen 31 % (28 of 90 leads).`"""
        name = "Guard-rail" if self.kind == GUARD_RAIL else "Condition for taking it back"
        if self.is_crossed is None or self.percent is None:
            return f"{name} not known yet: {self.words}; {self.whole} of {ENOUGH} leads that it takes."
        state = ("crossed" if self.kind == GUARD_RAIL else "met") if self.is_crossed else (
            "holds" if self.kind == GUARD_RAIL else "not met"
        )  # fmt: skip
        return f"{name} {state}: {self.words}; seen {self.percent:g} % ({self.part} of {self.whole} leads)."
