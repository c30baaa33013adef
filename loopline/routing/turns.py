"""Whose turn it is: round robin by capacity among those who are there and below their caps. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

RECENT = timedelta(days=7)
"""How far back assignments count; short, so that a newcomer is not flooded to catch up."""
ROUND_ROBIN = "round robin: "
"""How the reason of a choice begins."""
A_WEEK = 10
"""Leads a week that somebody can work who said nothing else."""
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    user_id: UUID
    name: str
    recent: int
    """Leads handed to this person in the last `RECENT`."""
    last_at: datetime | None
    """When the last one was handed over, if ever."""
    capacity: int = A_WEEK
    """Leads a week this person can work: turns go by the share of it that is used."""
    today: int = 0
    """Leads handed to this person since the day began where they work."""
    most_a_day: int | None = None
    most_a_week: int | None = None
    away: str = ""
    """`away until 5 Dec`; empty for somebody who is there."""

    @property
    def cannot(self) -> str:
        """Why this person gets nothing now; empty for somebody who can."""
        if self.away:
            return self.away
        if self.most_a_day is not None and self.today >= self.most_a_day:
            return f"has {self.today} of at most {self.most_a_day} today"
        if self.most_a_week is not None and self.recent >= self.most_a_week:
            return f"has {self.recent} of at most {self.most_a_week} this week"
        return ""


@dataclass(frozen=True, slots=True)
class Choice:
    user_id: UUID
    because: str


def choose(candidates: Sequence[Candidate]) -> Choice | None:
    """The one with the smallest part of their capacity used, then the longest wait, then the name; None for nobody.

    Whoever is away or has reached a cap is left out.
    """
    in_turn = sorted((one for one in candidates if not one.cannot), key=_turn)
    if not in_turn:
        return None
    chosen = in_turn[0]
    if len(in_turn) == 1:
        only = "the only one who takes leads" if len(candidates) == 1 else "the only one who can take it now"
        return Choice(chosen.user_id, f"{ROUND_ROBIN}{chosen.name} is {only}")
    is_even = len({one.capacity for one in in_turn}) == 1
    others = ", ".join(f"{one.name} {_load(one, is_even)}" for one in in_turn[1:_NAMED])
    more = len(in_turn) - _NAMED
    rest = f" and {more} more" if more > 0 else ""
    said = f"{ROUND_ROBIN}{chosen.name} had {_load(chosen, is_even)} this week, {others}{rest}"
    return Choice(chosen.user_id, said[:200])


def _load(candidate: Candidate, is_even: bool) -> str:
    return str(candidate.recent) if is_even else f"{candidate.recent} of {candidate.capacity}"


def _turn(candidate: Candidate) -> tuple[Fraction, float, str, str]:
    waited_since = candidate.last_at.timestamp() if candidate.last_at else float("-inf")
    used = Fraction(candidate.recent, candidate.capacity)
    return used, waited_since, candidate.name, str(candidate.user_id)
