"""One lead of the past, with what both definitions say about it by what was known then, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class JudgedLead:
    id: str
    created_at: datetime
    passes_old: bool
    passes_new: bool
    met: tuple[bool, ...]
    """Whether each clause of the new definition is met, in its order."""
    scores: Mapping[str, float]
    """Of the new definition."""
    was_worked: bool
    """Sales had it. One that sales never had has no outcome."""
    is_accepted: bool
    is_qualified: bool
    is_won: bool
    has_ended: bool
    """Won, lost, sent back, recycled or disqualified: its outcome is known."""
    is_mature: bool
    """Old enough that most of its age have ended."""
    revenue_minor: int
    owner_id: str
    reason: str
    groups: Mapping[str, str]
    """Dimension → value: origin, country, industry, size."""
    explored_per_mille: int = 0
    """It went to sales below the definition by this chance in thousandths; 0: not by chance."""

    calls: int = 0
    """Answered calls with its person while they had this lead."""
    meetings: int = 0

    @property
    def stands_for(self) -> float:
        """How many leads it speaks for: one that went by a chance of 5 %, for twenty (Horvitz and Thompson, 1952)."""
        return 1000 / self.explored_per_mille if self.explored_per_mille else 1.0

    @property
    def counts(self) -> bool:
        """It says something about quality: sales worked it, it ended, and it is mature."""
        return self.was_worked and self.has_ended and self.is_mature

    @property
    def wasted_time(self) -> bool:
        return self.was_worked and self.has_ended and not self.is_won
