"""How sure credit is: the same answer for many companies that might as well have been this one.

Each draw takes as many conversions and as many walks without one as there were, by chance and with repetition (Poisson
bootstrap), and works the model out anew. Where there are very many walks, those that few took are drawn in groups of
many at a time, put together at random; of a thousand groups the spread is known to a few percent.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # its `sparse` is read when it is first used: a third of a second and 40 MB that most never need

from loopline.attribution.chain import Chain, Steps, added_up, holds_of, removal_effects, steps_of
from loopline.attribution.credit import present
from loopline.attribution.walks import Floats, Integers, Walks

DRAWS = 200
SINGLE_WALKS = 20_000
"""Up to so many walks each is drawn by itself."""
GROUPS = 1000
FEW = 5
CONFIDENCE = (5.0, 95.0)
"""Percentiles of the draws: nine times in ten the figure lies between them."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Per channel: shares of all credit, between 0 and 1."""

    low: Floats
    high: Floats

    def ranks(self) -> list[int | None]:
        """The rank of each channel, from 1; None where its interval overlaps another one's."""
        above = (self.low[None, :] > self.high[:, None]).sum(axis=1)
        below = (self.high[None, :] < self.low[:, None]).sum(axis=1)
        is_certain = above + below == len(self.low) - 1
        return [int(place) + 1 if sure else None for place, sure in zip(above, is_certain, strict=True)]


def markov_interval(walks: Walks, order: int = 1, *, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Of each channel's share of the sum of removal effects."""
    steps = steps_of(walks, order)
    goes_on, pairs = steps.pairs()
    size = len(steps.states)
    distinct, column = _distinct(pairs, size * size)
    moved = _Moved(goes_on, column, len(distinct))
    places = np.divmod(distinct, size)
    holds = holds_of(steps.states, len(walks.channels), order)
    shares = []
    for row in _chains(walks, steps, moved, draws, seed):
        drawn = Chain(
            holds=holds,
            begins=row[:size],
            moves=scipy.sparse.csr_array((row[4 * size :], places), shape=(size, size)),
            conversions=row[size : 2 * size],
            value=row[2 * size : 3 * size],
            nulls=row[3 * size : 4 * size],
        )
        shares.append(_shares(removal_effects(drawn).of_conversions))
    return _interval(shares, len(walks.channels))


def shapley_interval(walks: Walks, *, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Of each channel's share of the conversions."""
    width, (walk, channel) = len(walks.channels), present(walks)
    distinct = np.bincount(walk, minlength=len(walks))[walk]
    shared = scipy.sparse.coo_array((1 / distinct, (walk, channel)), shape=(len(walks), width)).tocsr()
    nothing = scipy.sparse.csr_array((len(walks), width))
    return _interval(
        [_shares(row) for row in _drawn(walks, scipy.sparse.vstack([shared, nothing], format="csr"), draws, seed)],
        width,
    )


@dataclass(frozen=True, slots=True)
class _Moved:
    """Which steps go on, and for each of those which pair of states it joins, of so many there are."""

    goes_on: npt.NDArray[np.bool_]
    column: npt.NDArray[np.integer]
    width: int


def _distinct(pairs: npt.NDArray[np.integer], most: int) -> tuple[Integers, npt.NDArray[np.integer]]:
    """The pairs of states that some walk joins, and each pair as its place among them: all there could be are many."""
    if most > 2**24:
        found, places = np.unique(pairs, return_inverse=True)
        return found.astype(np.int64), places
    found = np.flatnonzero(added_up(pairs, None, most))
    table = np.zeros(most, dtype=np.int32)
    table[found] = np.arange(len(found))
    return found, table[pairs]


def _chains(walks: Walks, steps: Steps, moved: _Moved, draws: int, seed: int) -> Floats:
    """One row per draw: begins, conversions, value, nulls (one a state each), then moves (one a pair)."""
    chance = np.random.default_rng(seed)
    is_many = len(walks) > SINGLE_WALKS
    conversions, nulls = walks.conversions, walks.nulls
    single = (conversions > FEW) | (nulls > FEW) if is_many else np.ones(len(walks), dtype=bool)
    chosen = np.flatnonzero(single)
    passes = _passes(walks, steps, moved, chosen)
    times = np.concatenate([conversions[chosen], nulls[chosen]])
    drawn = np.asarray(chance.poisson(times, size=(draws, len(times))) @ passes, dtype=np.float64)
    if is_many:
        drawn += chance.poisson(1.0, size=(draws, GROUPS)) @ _grouped(walks, steps, moved, ~single, chance)
    return drawn


def _passes(walks: Walks, steps: Steps, moved: _Moved, chosen: Integers) -> "scipy.sparse.csr_array":
    """What one pass of each chosen walk adds: first the walks that convert, below them those that do not."""
    size, count = len(steps.states), len(chosen)
    at, ones = np.arange(count), np.ones(count)
    begins = scipy.sparse.coo_array((ones, (at, steps.first[chosen])), shape=(count, size)).tocsr()
    ends = scipy.sparse.coo_array((ones, (at, steps.last[chosen])), shape=(count, size)).tocsr()
    valued = ends.multiply(_worth(walks)[chosen][:, None]).tocsr()
    place = np.full(len(walks), -1)
    place[chosen] = at
    walk = np.repeat(place, steps.lengths)[moved.goes_on]
    is_chosen = walk >= 0
    moves = scipy.sparse.coo_array(
        (np.ones(int(is_chosen.sum())), (walk[is_chosen], moved.column[is_chosen])), shape=(count, moved.width)
    ).tocsr()
    none = scipy.sparse.csr_array((count, size))
    passes: scipy.sparse.csr_array = scipy.sparse.vstack(
        [
            scipy.sparse.hstack([begins, ends, valued, none, moves]),
            scipy.sparse.hstack([begins, none, none, ends, moves]),
        ],
        format="csr",
    )
    return passes


def _grouped(
    walks: Walks, steps: Steps, moved: _Moved, is_in: npt.NDArray[np.bool_], chance: np.random.Generator
) -> Floats:
    """What one pass of each group adds, groups × columns: each walk that is in it as often as it was taken."""
    size, group = len(steps.states), chance.integers(GROUPS, size=len(walks), dtype=np.int32)
    conversions, nulls = np.where(is_in, walks.conversions, 0), np.where(is_in, walks.nulls, 0)
    taken = conversions + nulls

    def by_state(state: npt.NDArray[np.integer], weights: Floats) -> Floats:
        places = group * np.int32(size) + state
        return added_up(places, weights, GROUPS * size).reshape(GROUPS, size)

    places = np.repeat(group * np.int32(moved.width), steps.lengths)[moved.goes_on]
    places += moved.column.astype(np.int32, copy=False)
    weights = None if (taken == 1).all() else np.repeat(taken, steps.lengths)[moved.goes_on]
    return np.hstack(
        [
            by_state(steps.first, taken),
            by_state(steps.last, conversions),
            by_state(steps.last, conversions * _worth(walks)),
            by_state(steps.last, nulls),
            added_up(places, weights, GROUPS * moved.width).reshape(GROUPS, moved.width),
        ]
    )


def _worth(walks: Walks) -> Floats:
    """The value of one conversion of each walk."""
    return np.divide(walks.value, walks.conversions, out=np.zeros(len(walks)), where=walks.conversions > 0)


def _drawn(walks: Walks, passes: "scipy.sparse.csr_array", draws: int, seed: int) -> Floats:
    """One row per draw: the passes added up, each as often as it was drawn."""
    chance = np.random.default_rng(seed)
    times = np.concatenate([walks.conversions, walks.nulls])
    is_single = (times > FEW) if len(walks) > SINGLE_WALKS else np.ones(len(times), dtype=bool)
    single = np.flatnonzero(is_single & (times > 0))
    drawn = chance.poisson(times[single], size=(draws, len(single))) @ passes[single]
    grouped = np.flatnonzero(~is_single & (times > 0))
    if len(grouped):
        group = chance.integers(GROUPS, size=len(grouped))
        together = scipy.sparse.coo_array(
            (times[grouped], (group, np.arange(len(grouped)))), shape=(GROUPS, len(grouped))
        ).tocsr()
        drawn = drawn + chance.poisson(1.0, size=(draws, GROUPS)) @ (together @ passes[grouped])
    return np.asarray(drawn, dtype=np.float64)


def _shares(figures: Floats) -> Floats:
    total = figures.sum()
    return figures / total if total else np.zeros_like(figures)


def _interval(shares: list[Floats], width: int) -> Interval:
    low, high = np.percentile(np.array(shares).reshape(-1, width), CONFIDENCE, axis=0)
    return Interval(low, high)
