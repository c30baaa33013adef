"""Whole cents for the paths of two tables: of each touchpoint, and added up by channel."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from loopline.attribution.chain import chain_of, removal_effects
from loopline.attribution.dealing import dealt, whole
from loopline.attribution.model import Model
from loopline.attribution.tables import Paths
from loopline.attribution.walks import Integers
from loopline.attribution.weigh import weights_of


def cents_of(paths: Paths, model: Model, half_life_days: float = 7.0, order: int = 1) -> Integers:
    """The credit of every touchpoint on a path that converted, walk after walk; for models that deal by weight."""
    if model.is_fitted:
        weights = removal_effects(chain_of(paths.walks, order)).of_conversions[paths.walks.codes]
    else:
        weights = weights_of(paths.walks, model, paths.moments, half_life_days)
    deal = whole if model.gives_whole else dealt
    return deal(paths.amounts, weights, paths.walks.starts)


def cents_by_channel(paths: Paths, models: Sequence[Model], half_life_days: float = 7.0) -> dict[str, Integers]:
    """Model → cents of each channel, in the order of `Walks.channels`; two models at a time."""

    def added(model: Model) -> Integers:
        credit = cents_of(paths, model, half_life_days)
        # Sums of cents are whole and far below 2^53, where doubles are exact.
        width = len(paths.walks.channels)
        return np.bincount(paths.walks.codes, weights=credit, minlength=width).astype(np.int64)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip((model.key for model in models), pool.map(added, models), strict=True))
