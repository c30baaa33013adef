"""Where the names at the ends of lines stand, so that none is written over another: beside the end of its line, or as
near to it as the others let it.

The axis is given with round ends, because only then it is known what a pixel is worth before the chart is drawn.
"""

import math
from collections.abc import Sequence

APART_PX = 15
"""From one name to the next, of letters of 12 px."""
_EMPTY = 100.0
"""The end of an axis on which everything is 0."""


def round_ends(values: Sequence[float], steps: int = 10) -> tuple[float, float]:
    """Both ends of an axis from zero that holds the values, each on a round number: 0 and 250 for 231."""
    low, high = min([0.0, *values]), max([0.0, *values])
    if low == high:
        return 0.0, _EMPTY
    rough = (high - low) / steps
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * part for part in (1, 2, 5, 10) if size * part >= rough * 0.999)
    return step * math.floor(low / step), step * math.ceil(high / step)


def apart(places: Sequence[float], low: float, high: float, gap: float) -> list[float]:
    """The places, in their order, moved as little as keeps them `gap` from each other and between `low` and `high`.

    Where there is no room for that, all of them stand evenly from end to end. Of two that are alike the first one
    stands higher.
    """
    if not places:
        return []
    room = min(gap, (high - low) / max(len(places) - 1, 1))
    order = sorted(range(len(places)), key=lambda one: (places[one], -one))
    stacks: list[tuple[float, int]] = []
    for one in order:
        middle, count = min(max(places[one], low), high), 1
        while stacks and _too_near(stacks[-1], (middle, count), room):
            below, below_count = stacks.pop()
            middle = (below * below_count + middle * count) / (below_count + count)
            count += below_count
            half = room * (count - 1) / 2
            middle = min(max(middle, low + half), high - half)
        stacks.append((middle, count))
    stood = [middle + room * (place - (count - 1) / 2) for middle, count in stacks for place in range(count)]
    return [place for _, place in sorted(zip(order, stood, strict=True))]


def _too_near(below: tuple[float, int], above: tuple[float, int], room: float) -> bool:
    """Of two stacks, as their middle and how many are in each."""
    between = above[0] - room * (above[1] - 1) / 2 - (below[0] + room * (below[1] - 1) / 2)
    return between < room - 1e-9 * max(room, 1.0)
