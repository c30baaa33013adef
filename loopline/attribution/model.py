"""What an attribution model is. Each lives in its own file in `attribution/library/` and exports MODEL."""

from dataclasses import dataclass

from loopline.lib.registry import scan


@dataclass(frozen=True, slots=True)
class Model:
    """How the credit of one conversion is shared among the touchpoints of its path."""

    key: str
    label: str
    weight_sql: str
    """Weight of one touchpoint, zero or more and at least one of a path above zero; the ledger normalises.

    It may read the columns of `attribution.paths`: `position`, `touches`, `days_before`, `last_days_before`.
    """
    weights: str
    """The weights in words, as the page and the docs print them."""
    explanation: str
    """What the model is good for and where it misleads, in a sentence or two."""
    gives_whole: bool = False
    """One touchpoint gets all, so counts are whole numbers."""


def models() -> dict[str, Model]:
    return scan("loopline.attribution.library", "MODEL", Model)


MODELS: dict[str, Model] = models()
