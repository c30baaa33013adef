"""What an experiment shows: by intention to treat, with intervals that hold at every look. Pure.

Counts: of all who reached an outcome, each was treated by the chance that was set, unless the campaign did something.
So the share of the treated among them is a share of coin tosses, and its interval is exact (`lib.sequential`); the
rates differ by the factor (share ÷ (1 − share)) ÷ (chance ÷ (1 − chance)). Money: each buyer's revenue, divided by the
chance of their arm, with the sign of their arm (Horvitz and Thompson 1952); the sum's interval is about normal, so it
says nothing below FEWEST_BUYERS.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from loopline.lib.sequential import ALPHA, evidence_against, half_width, prior_for, share_bounds, tuned
from loopline.reports.experiments.outcomes import COUNTED, OUTCOMES

HOLDOUT, TREATED = "holdout", "treated"
ARMS = (TREATED, HOLDOUT)
FEWEST_BUYERS = 20
"""So many who bought, in both arms together, before an interval of revenue is said."""
RATIO_ALPHA = 0.001
"""The arms' sizes are off when chance would bring that about once in a thousand experiments, looks included."""
UNKNOWN_TRIALS = 100.0
"""What the interval is made narrow for where no base rate was known."""


@dataclass(frozen=True, slots=True)
class Design:
    """What was fixed before the first person was assigned."""

    holdout_share: float
    expected: Mapping[str, float]
    """Outcome → how many of both arms were expected to reach it by the end; for revenue the sum of squares of amounts
    (in minor units), which is what its interval is made narrow for."""

    @property
    def treated_share(self) -> float:
        return 1 - self.holdout_share


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted so far, by arm."""

    subjects: Mapping[str, int]
    reached: Mapping[str, Mapping[str, int]]
    """Outcome → arm → how many reached it."""
    revenue: Mapping[str, Sequence[int]]
    """Arm → what each buyer brought, minor units."""


@dataclass(frozen=True, slots=True)
class Lift:
    """One outcome, compared. Bounds are None while nothing can be said, or where there is no bound."""

    outcome: str
    treated: int
    holdout: int
    """How many of each arm reached it; for revenue minor units."""
    treated_rate: float | None
    holdout_rate: float | None
    """Per person assigned."""
    lift: float | None = None
    lift_low: float | None = None
    lift_high: float | None = None
    """How much more the treated had than they would have had: 0.2 is 20 % more. For revenue only the estimate."""
    extra: float | None = None
    extra_low: float | None = None
    extra_high: float | None = None
    """How many of the treated would not have reached it without the campaign, below zero how many more would have; for
    revenue minor units."""
    verdict: str = "too_early"
    """too_early, not_shown, more or less"""

    @property
    def is_shown(self) -> bool:
        return self.verdict in {"more", "less"}


def lift_of(outcome: str, tally: Tally, design: Design) -> Lift:
    return _of_money(tally, design) if OUTCOMES[outcome].is_money else _of_count(outcome, tally, design)


def lifts(tally: Tally, design: Design) -> list[Lift]:
    return [lift_of(key, tally, design) for key in OUTCOMES]


def ratio_is_off(tally: Tally, design: Design) -> bool:
    """The sizes of the arms do not fit the chance that was set: then no comparison holds, and the reason is to find."""
    treated, whole = tally.subjects.get(TREATED, 0), sum(tally.subjects.values())
    prior = prior_for(design.treated_share, 1_000.0, RATIO_ALPHA)
    return whole > 0 and evidence_against(design.treated_share, treated, whole, prior) >= -log(RATIO_ALPHA)


def _of_count(outcome: str, tally: Tally, design: Design) -> Lift:
    reached = tally.reached.get(outcome, {})
    treated, holdout = reached.get(TREATED, 0), reached.get(HOLDOUT, 0)
    rates = _rates(treated, holdout, tally)
    whole = treated + holdout
    if whole == 0:
        return Lift(outcome, 0, 0, *rates)
    prior = prior_for(design.treated_share, max(design.expected.get(outcome) or UNKNOWN_TRIALS, 1.0))
    low, high = (_factor(share, design) for share in share_bounds(treated, whole, prior))
    seen = _factor(treated / whole, design)
    verdict = "more" if low is not None and low > 1 else "less" if high is not None and high < 1 else "not_shown"
    without = max(tally.subjects.get(TREATED, 0) - treated, 0)
    expected = holdout * design.treated_share / design.holdout_share
    return Lift(
        outcome, treated, holdout, *rates,
        lift=_less_one(seen), lift_low=_less_one(low), lift_high=_less_one(high),
        extra=max(treated - expected, -without),
        extra_low=_extra(treated, low, without), extra_high=_extra(treated, high, without),
        verdict=verdict,
    )  # fmt: skip


def _factor(share: float, design: Design) -> float | None:
    """How many times as often the treated reached it; None for without end."""
    return None if share >= 1 else share / (1 - share) * design.holdout_share / design.treated_share


def _less_one(factor: float | None) -> float | None:
    return None if factor is None else factor - 1


def _extra(treated: int, factor: float | None, without: int) -> float:
    """How many of the treated reached it because of the campaign. Each counts once, so it kept from it at most those
    who are `without`."""
    if factor is None:
        return float(treated)
    return max(treated * (1 - 1 / factor), -without) if factor else float(-without)


def _of_money(tally: Tally, design: Design) -> Lift:
    treated, holdout = tally.revenue.get(TREATED, ()), tally.revenue.get(HOLDOUT, ())
    rates = _rates(sum(treated), sum(holdout), tally)
    plain = Lift("revenue", sum(treated), sum(holdout), *rates)
    if len(treated) + len(holdout) < FEWEST_BUYERS:
        return plain
    chance, rest = design.treated_share, design.holdout_share
    difference = sum(treated) / chance - sum(holdout) / rest
    squares = [sum(one * one for one in arm) for arm in (treated, holdout)]
    # As seen, or as the tosses alone make it, whichever is more: while hardly anybody of a small holdout has bought,
    # what was seen is far too little, and just then the treated look best.
    variance = max(squares[0] / chance**2 + squares[1] / rest**2, sum(squares) / (chance * rest))
    expected = design.expected.get("revenue") or sum(squares)
    reach = half_width(variance, tuned(max(expected, 1.0) / (chance * rest)))
    low, high = (chance * (difference + sign * reach) for sign in (-1, 1))
    return Lift(
        "revenue", plain.treated, plain.holdout, *rates,
        lift=rates[0] / rates[1] - 1 if rates[0] is not None and rates[1] else None,
        extra=chance * difference, extra_low=low, extra_high=high,
        verdict="more" if low > 0 else "less" if high < 0 else "not_shown",
    )  # fmt: skip


def _rates(treated: float, holdout: float, tally: Tally) -> tuple[float | None, float | None]:
    sizes = tally.subjects.get(TREATED, 0), tally.subjects.get(HOLDOUT, 0)
    return treated / sizes[0] if sizes[0] else None, holdout / sizes[1] if sizes[1] else None


def expected_by_the_end(subjects: int, rates: Mapping[str, float], square: float) -> dict[str, float]:
    """For `Design.expected`: `rates` per person assigned, `square` the mean square of a person's revenue."""
    counted: dict[str, Any] = {one.key: subjects * rates.get(one.key, 0.0) for one in COUNTED}
    return counted | {"revenue": subjects * square}


__all__ = [
    "ALPHA", "ARMS", "FEWEST_BUYERS", "HOLDOUT", "TREATED", "Design", "Lift", "Tally", "expected_by_the_end",
    "lift_of", "lifts", "ratio_is_off",
]  # fmt: skip
