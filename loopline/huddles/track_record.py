"""What decisions were expected to do against what was seen of them, over the years, and how often they hit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from loopline.huddles.models import Decision, Review
from loopline.huddles.reviews import FOLLOWED_FOR
from loopline.reports.survival import Share

Verdict = Review.Verdict


@dataclass(frozen=True, slots=True)
class Kept:
    """One measured decision."""

    decision: Decision
    last: Review | None
    is_over: bool
    """Nobody looks at it any more; what was seen stays."""

    @property
    def is_hit(self) -> bool | None:
        """It did what was wanted. None while that can still change: better and worse are shown for good."""
        if self.last is not None and self.last.verdict != Verdict.NOT_SHOWN:
            return bool(self.last.verdict == Verdict.BETTER)
        return False if self.is_over else None

    @property
    def holds_expected(self) -> bool | None:
        """The interval of what was seen holds what was expected."""
        last, points = self.last, self.decision.expected_points
        if last is None or last.low is None or last.high is None or points is None:
            return None
        return last.low <= points <= last.high


@dataclass(frozen=True, slots=True)
class Year:
    year: int
    kept: Sequence[Kept]

    @property
    def hits(self) -> Share:
        return hits(self.kept)


def hits(kept: Iterable[Kept]) -> Share:
    """Decisions that did what was wanted, of those about which that is known."""
    known = [one.is_hit for one in kept if one.is_hit is not None]
    return Share(sum(known), len(known))


def as_expected(kept: Iterable[Kept]) -> Share:
    """Decisions whose interval holds the expected change, of those with an interval and an expectation."""
    known = [one.holds_expected for one in kept if one.holds_expected is not None]
    return Share(sum(known), len(known))


def track_record(decisions: Iterable[Decision], at: datetime) -> list[Year]:
    """Measured decisions by the year in which they began, the newest first; with their reviews prefetched."""
    kept = [
        Kept(one, one.last_review, one.starts_at + FOLLOWED_FOR < at) for one in decisions if one.starts_at is not None
    ]
    kept.sort(key=lambda one: one.decision.starts_at or at, reverse=True)
    return [Year(year, list(of_year)) for year, of_year in groupby(kept, key=lambda one: _year(one.decision))]


def _year(decision: Decision) -> int:
    assert decision.starts_at is not None
    return decision.starts_at.year
