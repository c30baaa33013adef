"""What an attribution model is. Each lives in its own file in `attribution/library/` and exports MODEL."""

from dataclasses import dataclass
from enum import StrEnum

from loopline.lib.registry import scan


class Deal(StrEnum):
    """How the credit of a conversion is dealt."""

    BY_WEIGHT = "by_weight"
    """Shared among the touchpoints of its path, in proportion to their weights."""
    BY_RECORD = "by_record"
    """Given to what the record itself names, whatever touchpoints there are."""
    OVERLAPPING = "overlapping"
    """Given whole to each row present on the path: the rows overlap and are never summed."""


@dataclass(frozen=True, slots=True)
class Model:
    """How the credit of one conversion is shared among the touchpoints of its path."""

    key: str
    label: str
    weights: str
    """The weights in words, as the page and the docs print them."""
    explanation: str
    """What the model is good for and where it misleads, in a sentence or two."""
    weight_sql: str = ""
    """Weight of one touchpoint, zero or more and at least one of a path above zero; the ledger normalises.

    It may read the columns of `attribution.paths`: `position`, `touches`, `days_before`, `last_days_before`,
    `lead_position`, `opportunity_position`, `touch_kind`, and with `reads_channel` also `channel`, `channel_touches`,
    `last_named_position` and `kind`, that of the conversion. Empty unless dealt by weight.
    """
    deal: Deal = Deal.BY_WEIGHT
    gives_whole: bool = False
    """One touchpoint gets all, so counts are whole numbers."""
    reads_channel: bool = False
    """The weight depends on the channels of the path, whatever the rows of the report are."""
    is_fitted: bool = False
    """The weights are learnt from the paths: each figure has an interval, and too few conversions are refused."""

    @property
    def overlaps(self) -> bool:
        return self.deal is Deal.OVERLAPPING


def models() -> dict[str, Model]:
    return scan("loopline.attribution.library", "MODEL", Model)


MODELS: dict[str, Model] = models()
