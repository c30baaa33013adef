"""Whole cents for the paths of two tables: of each touchpoint, and added up by channel."""

from collections.abc import Iterator, Sequence

import numpy as np

from loopline.attribution.chain import chain_of, removal_effects
from loopline.attribution.dealing import Dealing
from loopline.attribution.model import Model
from loopline.attribution.tables import Paths
from loopline.attribution.walks import Floats, Integers, Walks, in_threads
from loopline.attribution.weigh import Weighing

Credits = dict[str, Integers]
"""By model, in whole cents."""


def weighing_of(paths: Paths, models: Sequence[Model], half_life_days: float = 7.0, order: int = 1) -> Weighing:
    """What `credits_of` deals by. Models that are learnt are learnt from the walks of `paths`."""
    is_learnt = any(model.is_fitted for model in models)
    effects = removal_effects(chain_of(paths.walks, order)).of_conversions if is_learnt else None
    return Weighing(models, half_life_days, effects)


def credits_of(paths: Paths, weighing: Weighing, blocks: Sequence[slice]) -> Iterator[tuple[Walks, Credits]]:
    """Block after block of paths that converted: its walks and the credit of each of their touchpoints."""
    found = weighing.weights(paths.walks, paths.moments, blocks)
    for block, (walks, weights) in zip(blocks, found, strict=True):
        dealing = Dealing(paths.amounts[block], walks.starts)
        yield (
            walks,
            {
                model.key: (dealing.whole if model.gives_whole else dealing.dealt)(weights[model.key])
                for model in weighing.models
            },
        )


def cents_by_channel(paths: Paths, weighing: Weighing) -> Credits:
    """The cents of each channel, in the order of `Walks.channels`."""
    width = len(paths.walks.channels)

    def added(blocks: Sequence[slice]) -> dict[str, Floats]:
        total = {model.key: np.zeros(width) for model in weighing.models}
        for walks, credit in credits_of(paths, weighing, blocks):
            for key, cents in credit.items():
                # Sums of cents are whole and far below 2^53, where doubles are exact.
                total[key] += np.bincount(walks.codes, weights=cents, minlength=width)
        return total

    parts = in_threads(paths.walks, added, "dealing out cents")
    return {
        model.key: np.sum([part[model.key] for part in parts], axis=0).astype(np.int64) for model in weighing.models
    }
