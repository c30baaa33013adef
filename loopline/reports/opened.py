"""What is behind a figure of a report: the records that it counts, the figures it is told from, or its workings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loopline.reports.metric import Metric, Number

MOST = 100
"""So many are listed at once; the sum is over all of them."""
FARTHEST = 10_000
"""So many can be paged through."""


@dataclass(frozen=True, slots=True)
class Item:
    kind: str
    """lead, opportunity, person, company, campaign, cost or event; strangers, all together, without an id."""
    record_id: str
    at: datetime | None
    adds: Number


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the workings."""

    label: str
    values: Mapping[str, Number]
    """Key of a column → figure."""
    note: str = ""
    leads: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Key of a column → where its figure opens: `row`, `metric`, options that are others here, and `report` where it
    is a figure of another report."""


@dataclass(frozen=True, slots=True)
class Working:
    """A table that a figure was worked out from, where it is no sum of records."""

    title: str
    head: str
    """What a line is."""
    columns: tuple[Metric, ...]
    steps: tuple[Step, ...]
    words: str = ""
    """How the figure comes from them."""


@dataclass(frozen=True, slots=True)
class Opened:
    metric: Metric
    row: str
    items: tuple[Item, ...]
    """The largest first: those asked for, of at most FARTHEST."""
    count: int
    total: Number
    """The figure itself, told once more from what is behind it; None where a sum would say nothing."""
    parts: tuple[Metric, ...] = ()
    """Figures of the same row that it is told from."""
    workings: tuple[Working, ...] = ()
    label: str = ""
    """What its row is called, where it is none of the report's rows."""
    is_known: bool = True
    """False where nothing is behind it, and its row names no record: the report may have no such row."""
