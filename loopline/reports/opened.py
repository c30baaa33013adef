"""What is behind a figure of a report that counts records: each of them, and what it adds."""

from dataclasses import dataclass
from datetime import datetime

from loopline.reports.metric import Metric, Number

MOST = 100
"""So many are listed at once; the sum is over all of them."""
FARTHEST = 10_000
"""So many can be paged through."""


@dataclass(frozen=True, slots=True)
class Item:
    kind: str
    """lead, opportunity, person, company, campaign or cost."""
    record_id: str
    at: datetime | None
    adds: Number


@dataclass(frozen=True, slots=True)
class Opened:
    metric: Metric
    row: str
    items: tuple[Item, ...]
    """The largest first: those asked for, of at most FARTHEST."""
    count: int
    total: Number
    """The figure itself, told once more from what is behind it; None where a sum would say nothing."""
