"""Where models that share out the same whole disagree, and what that says of a row, in plain words."""

from collections.abc import Mapping, Sequence

from loopline.attribution.model import Model
from loopline.attribution.own_model import is_own
from loopline.lib.percent import percent_figure

FAR_APART, MATERIAL = 50.0, 0.05
"""Models disagree on a row when they lie so many percent apart and one gives it this share of all credit."""

_PEOPLE = {"markov", "shapley"}
"""Models that are named after somebody."""


def apart(amounts: Sequence[float]) -> float | None:
    """(largest − smallest) ÷ largest, in percent; None where nothing was given."""
    most = max(amounts, default=0)
    return 100 * (most - min(amounts)) / most if most > 0 else None


def disagreement(name: str, shares: Mapping[str, float], models: Mapping[str, Model]) -> str | None:
    """What to mind about the row `name`; None where the models agree on it, or it hardly matters.

    `shares`: by model, the row's part of all that it gives, from 0 to 1.
    """
    far = apart(list(shares.values()))
    if far is None or far < FAR_APART or max(shares.values()) < MATERIAL:
        return None
    high, low = max(shares, key=lambda key: shares[key]), min(shares, key=lambda key: shares[key])
    most, least = (f"{percent_figure(100 * shares[key])}\u00a0% by {_named(models[key])}" for key in (high, low))
    return f"{name}: {most}, {least}. {_meaning(high, low)}"


def _named(model: Model) -> str:
    """In the middle of a sentence; the name of a person, or one that the organisation chose, stays as it is."""
    return model.label if is_own(model.key) or model.key in _PEOPLE else model.label.lower()


def _meaning(high: str, low: str) -> str:
    if high == "first_touch" or low == "last_touch":
        return "It opens more than it closes: cutting it would show late."
    if low == "first_touch" or high in {"last_touch", "last_non_direct", "time_decay"}:
        return "It closes more than it opens: others may have done the work before."
    return "Its part depends on where on the path it stands. Decide which question you ask before moving a budget."
