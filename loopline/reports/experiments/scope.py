"""What an experiment's questions are asked about: which one, from when until when, as of when."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.store.engine import Value

WEEK = timedelta(days=7)
FOREVER_US = 4_000_000_000_000_000
"""Longer than any experiment: no limit."""


@dataclass(frozen=True, slots=True)
class Scope:
    experiment_id: str
    unit_id: str
    """Only leads of this business unit count, whoever asks."""
    code: str
    """What the outside calls the experiment."""
    campaign_id: str
    started_at: datetime
    until: datetime
    """What happened from then on does not count."""
    as_of: datetime
    span: timedelta | None = None
    """Only what came so soon after the assignment counts; None: all of it."""

    @property
    def last_week(self) -> int:
        """The number, from 0, of the week in which `until` lies."""
        return max(0, (self.until - self.started_at - timedelta(microseconds=1)) // WEEK)

    @property
    def params(self) -> dict[str, Value]:
        return {
            "experiment": f"{self.experiment_id}/",
            "code": self.code,
            "campaign_id": self.campaign_id,
            "as_of": self.as_of,
            "from_us": _us(self.started_at),
            "until_us": _us(self.until),
            "span_us": FOREVER_US if self.span is None else round(self.span.total_seconds() * 1_000_000),
            "all_units": False,
            "unit_ids": [self.unit_id],
        }


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
