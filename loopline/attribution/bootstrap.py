"""How sure credit is: the same answer for many companies that might as well have been this one.

Each draw takes as many conversions and as many walks without one as there were, by chance and with repetition (Poisson
bootstrap), and works the model out anew. Where there are very many walks, those that few took are drawn in groups of
many at a time, put together at random; of a thousand groups the spread is known to a few percent.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # its `sparse` is read when it is first used: a third of a second and 40 MB that most never need

from loopline.attribution.chain import Chain, chain_of, removal_effects, steps_of
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
    chain, (passes, pairs) = chain_of(walks, order), _passes(walks, order)
    size = len(chain.begins)
    places = np.divmod(pairs, size)
    shares = []
    for row in _drawn(walks, passes, draws, seed):
        drawn = Chain(
            holds=chain.holds,
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


def _passes(walks: Walks, order: int) -> tuple["scipy.sparse.csr_array", Integers]:
    """What one pass of each walk adds to the chain: first the walks that convert, below them those that do not.

    Columns: begins, conversions, value, nulls (one a state each), then moves: one for each pair of states that some
    walk joins, which are the second answer. All pairs there could be would not fit into memory.
    """
    steps, count = steps_of(walks, order), len(walks)
    size = len(steps.states)
    first, last = np.flatnonzero(steps.is_first), np.flatnonzero(steps.is_last)
    ones = np.ones(count)
    begins = scipy.sparse.coo_array((ones, (steps.walk[first], steps.state[first])), shape=(count, size)).tocsr()
    ends = scipy.sparse.coo_array((ones, (steps.walk[last], steps.state[last])), shape=(count, size)).tocsr()
    on = np.flatnonzero(~steps.is_last)
    pairs, column = np.unique(steps.state[on] * size + steps.state[on + 1], return_inverse=True)
    moves = scipy.sparse.coo_array((np.ones(len(on)), (steps.walk[on], column)), shape=(count, len(pairs))).tocsr()
    worth = np.divide(walks.value, walks.conversions, out=np.zeros(count), where=walks.conversions > 0)
    valued = ends.multiply(worth[:, None]).tocsr()
    none = scipy.sparse.csr_array((count, size))
    passes = scipy.sparse.vstack(
        [
            scipy.sparse.hstack([begins, ends, valued, none, moves]),
            scipy.sparse.hstack([begins, none, none, ends, moves]),
        ],
        format="csr",
    )
    return passes, pairs


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
