"""Who gets the next lead: round robin among the salespeople of the unit that take leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

RECENT = timedelta(days=7)
"""How far back assignments count; short, so that a newcomer is not flooded to catch up."""
ROUND_ROBIN = "round robin: "
"""How the reason of a choice begins."""
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    user_id: UUID
    name: str
    recent: int
    """Leads handed to this person in the last `RECENT`."""
    last_at: datetime | None
    """When the last one was handed over, if ever."""


@dataclass(frozen=True, slots=True)
class Choice:
    user_id: UUID
    because: str


def choose(candidates: Sequence[Candidate]) -> Choice | None:
    """The candidate with the fewest recent leads, then the longest wait, then the name; None when there is nobody."""
    if not candidates:
        return None
    in_turn = sorted(candidates, key=_turn)
    chosen = in_turn[0]
    if len(in_turn) == 1:
        return Choice(chosen.user_id, f"{ROUND_ROBIN}{chosen.name} is the only one who takes leads")
    others = ", ".join(f"{one.name} {one.recent}" for one in in_turn[1:_NAMED])
    more = len(in_turn) - _NAMED
    rest = f" and {more} more" if more > 0 else ""
    return Choice(chosen.user_id, f"{ROUND_ROBIN}{chosen.name} had {chosen.recent} this week, {others}{rest}"[:200])


def _turn(candidate: Candidate) -> tuple[int, float, str, str]:
    waited_since = candidate.last_at.timestamp() if candidate.last_at else float("-inf")
    return candidate.recent, waited_since, candidate.name, str(candidate.user_id)
