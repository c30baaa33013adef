"""A figure dealt out over what adds to it, where some of it may take away: a reopened sale refunded too much."""

import numpy as np
import numpy.typing as npt

from loopline.lib.money import deal_out


def dealt(figure: int, weights: npt.NDArray[np.float64]) -> list[int]:
    """Parts in proportion to the weights, of either sign, that add up to the figure exactly."""
    parts, adds = np.zeros(len(weights), dtype=np.int64), weights > 0
    added = figure if adds.all() else round(float(weights[adds].sum())) if adds.any() else 0
    if adds.any():
        parts[adds] = deal_out(added, weights[adds].tolist())
    if not adds.all():
        parts[~adds] = deal_out(figure - added, (-weights[~adds]).tolist())
    return [int(part) for part in parts]
