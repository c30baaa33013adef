"""Lifts as the experiment page says them."""

from collections.abc import Sequence
from dataclasses import dataclass

from loopline.reports.experiments.lift import Lift
from loopline.reports.experiments.outcomes import OUTCOMES, Outcome


@dataclass(frozen=True, slots=True)
class LiftRow:
    outcome: Outcome
    found: Lift
    decides: bool
    word: str
    tone: str

    @property
    def extra(self) -> int | None:
        return _whole(self.found.extra)

    @property
    def extra_low(self) -> int | None:
        return _whole(self.found.extra_low)

    @property
    def extra_high(self) -> int | None:
        return _whole(self.found.extra_high)


_WORDS = {
    "more": ("shown: more", "good"),
    "less": ("shown: less", "bad"),
    "not_shown": ("not proven", "quiet"),
    "too_early": ("too early", "quiet"),
}
TOO_FEW = "too few to say"
"""For ever, once the experiment is concluded: nothing comes any more that it was too early for."""


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def lift_rows(lifts: Sequence[Lift], deciding: str, *, is_concluded: bool) -> list[LiftRow]:
    return [_row(one, deciding, is_concluded) for one in lifts]


def _row(found: Lift, deciding: str, is_concluded: bool) -> LiftRow:
    word, tone = _WORDS[found.verdict]
    if is_concluded and found.verdict == "too_early":
        word = TOO_FEW
    return LiftRow(OUTCOMES[found.outcome], found, found.outcome == deciding, word, tone)
