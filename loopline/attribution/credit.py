"""Credit per channel from walks: what the models that are learnt from all paths answer in the aggregate."""

from dataclasses import dataclass

import numpy as np

from loopline.attribution.chain import chain_of, removal_effects
from loopline.attribution.walks import Floats, Integers, Walks, summed


@dataclass(frozen=True, slots=True)
class ChannelCredit:
    """Per channel, in the order of `Walks.channels`."""

    conversions: Floats
    value: Floats
    removal_effect: Floats | None = None
    """Of conversions; only the Markov model has it."""


def markov(walks: Walks, order: int = 1) -> ChannelCredit:
    """Each channel's share of the sum of removal effects, times all conversions and all value."""
    effects = removal_effects(chain_of(walks, order))
    return ChannelCredit(
        conversions=_share(effects.of_conversions) * walks.conversions.sum(),
        value=_share(effects.of_value) * walks.value.sum(),
        removal_effect=effects.of_conversions,
    )


def shapley(walks: Walks) -> ChannelCredit:
    """The closed form: each walk shares its conversions equally among its distinct channels."""
    walk, channel = present(walks)
    width, distinct = len(walks.channels), np.bincount(walk, minlength=len(walks))[walk]
    return ChannelCredit(
        conversions=summed(channel, walks.conversions[walk] / distinct, width),
        value=summed(channel, walks.value[walk] / distinct, width),
    )


def influenced(walks: Walks) -> ChannelCredit:
    """Every conversion whole to each channel of its walk: channels overlap and are never summed."""
    walk, channel = present(walks)
    width = len(walks.channels)
    return ChannelCredit(
        conversions=summed(channel, walks.conversions[walk], width),
        value=summed(channel, walks.value[walk], width),
    )


def present(walks: Walks) -> tuple[Integers, Integers]:
    """Which channels are on which walk, each once: walks and, beside them, places in `channels`."""
    width = len(walks.channels)
    pairs = np.unique(walks.walk_of * width + walks.codes)
    return pairs // width, pairs % width


def _share(effects: Floats) -> Floats:
    total = effects.sum()
    return effects / total if total else np.zeros_like(effects)
