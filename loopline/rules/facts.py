"""What is known about one person at one moment: what a rule is judged on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from loopline.rules.measures import Measure

FieldValue = str | int | float | bool | None
Measured = int | float | datetime | None


@dataclass(frozen=True, slots=True)
class SentForm:
    slug: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    at: datetime
    """The moment of judging; windows such as "in the last 30 days" end here."""
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    """Value of each field of `rules.fields`, those of own making too; None or missing: not known."""
    consents: Mapping[str, bool] = field(default_factory=dict)
    """Purpose → agreed or withdrawn; a missing purpose was never asked for."""
    forms: Sequence[SentForm] = ()
    behaviour: Mapping[Measure, Measured] | None = None
    """What the event store measured; None: it could not be asked, which is neither zero nor "no"."""
    behaviour_missing_because: str = "behaviour not known yet"
