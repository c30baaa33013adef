"""How sure credit is: the same answer for many companies that might as well have been this one.

Each draw takes as many conversions and as many walks without one as there were, by chance and with repetition (Poisson
bootstrap), and works the model out anew. Where there are very many walks, those that few took are drawn in groups of
many at a time, put together at random; of a thousand groups the spread is known to a few percent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # its `sparse` is read when it is first used: a third of a second and 40 MB that most never need

from loopline.attribution.chain import LONGEST_TABLE, Chain, States, chain_of, removal_effects, states_of, steps_of
from loopline.attribution.credit import present
from loopline.attribution.walks import Floats, Walks, in_threads
from loopline.lib.progress import doing, told_to

DRAWS = 200
SINGLE_WALKS = 20_000
"""Up to so many walks each is drawn by itself."""
GROUPS = 1000
FEW = 5
DRAWN_AT_ONCE = 10
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
    states = states_of(walks, order)
    chain = chain_of(walks, order, states)
    columns = _Columns(order, states, chain.moves)
    size, places = columns.size, chain.moves.nonzero()
    shares, rows, tell = [], _chains(walks, columns, draws, seed), doing(f"drawing the paths again, {draws} times")
    for place, row in enumerate(rows):
        tell(place / draws)
        drawn = Chain(
            holds=chain.holds,
            begins=row[:size],
            moves=scipy.sparse.csr_array((row[4 * size :], places), shape=(size, size)),
            conversions=row[size : 2 * size],
            value=row[2 * size : 3 * size],
            nulls=row[3 * size : 4 * size],
        )
        with told_to(None):
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


class _Columns:
    """What one draw holds: begins, conversions, value, nulls (one a state each), then moves (one a pair of states)."""

    def __init__(self, order: int, states: States, moves: "scipy.sparse.csr_array") -> None:
        self.order, self.states, self.size = order, states, len(states.states)
        start, end = moves.nonzero()
        self._pairs = start.astype(np.int64) * self.size + end
        self._table: npt.NDArray[np.integer] | None = None
        if self.size**2 <= LONGEST_TABLE:
            self._table = np.zeros(self.size**2, dtype=np.int32)
            self._table[self._pairs] = np.arange(len(self._pairs))

    @property
    def width(self) -> int:
        return 4 * self.size + len(self._pairs)

    def of_pairs(self, pairs: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        """The column of each, counted from the first pair's."""
        return np.searchsorted(self._pairs, pairs) if self._table is None else self._table[pairs]


def _chains(walks: Walks, columns: _Columns, draws: int, seed: int) -> Floats:
    """One row per draw, with the columns told."""
    chance = np.random.default_rng(seed)
    is_many = len(walks) > SINGLE_WALKS
    is_single = (walks.conversions > FEW) | (walks.nulls > FEW) if is_many else np.ones(len(walks), dtype=bool)
    chosen = walks.chosen(np.flatnonzero(is_single))
    times = np.concatenate([chosen.conversions, chosen.nulls])
    drawn = _taken(chance, times, _passes(chosen, columns), draws)
    if is_many:
        often = chance.poisson(1.0, size=(draws, GROUPS))
        group = np.where(is_single, -1, chance.integers(GROUPS, size=len(walks), dtype=np.int32))
        drawn += often @ _grouped(walks, group, columns)
    return drawn


def _passes(walks: Walks, columns: _Columns) -> "scipy.sparse.csr_array":
    """What one pass of each walk adds: first the walks that convert, below them those that do not."""
    size, count, steps = columns.size, len(walks), steps_of(walks, columns.order, columns.states)
    at, ones = np.arange(count), np.ones(count)
    begins = scipy.sparse.coo_array((ones, (at, steps.first)), shape=(count, size)).tocsr()
    ends = scipy.sparse.coo_array((ones, (at, steps.last)), shape=(count, size)).tocsr()
    valued = ends.multiply(_worth(walks)[:, None]).tocsr()
    goes_on, pairs = steps.pairs()
    walk = np.repeat(at, steps.lengths)[goes_on]
    moves = scipy.sparse.coo_array(
        (np.ones(len(walk)), (walk, columns.of_pairs(pairs))), shape=(count, columns.width - 4 * size)
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


def _grouped(walks: Walks, group: npt.NDArray[np.integer], columns: _Columns) -> Floats:
    """What one pass of each group adds, groups × columns: each walk that is in it as often as it was taken."""
    size, width = columns.size, columns.width

    def added(blocks: Sequence[slice]) -> Floats:
        total = np.zeros(GROUPS * width)
        for block in blocks:
            part = walks.part(block).chosen(np.flatnonzero(group[block] >= 0))
            steps, row = steps_of(part, columns.order, columns.states), group[block][group[block] >= 0] * width
            taken = part.conversions + part.nulls
            figures = taken, part.conversions, part.conversions * _worth(part), part.nulls
            for place, weights in enumerate(figures):
                np.add.at(total, row + place * size + (steps.last if place else steps.first), weights)
            goes_on, pairs = steps.pairs()
            places = np.repeat(row + 4 * size, steps.lengths)[goes_on] + columns.of_pairs(pairs)
            np.add.at(total, places, np.repeat(taken, steps.lengths)[goes_on])
        return total

    grouped: Floats = np.sum(in_threads(walks, added, "putting walks into groups"), axis=0)
    return grouped.reshape(GROUPS, width)


def _worth(walks: Walks) -> Floats:
    """The value of one conversion of each walk."""
    return np.divide(walks.value, walks.conversions, out=np.zeros(len(walks)), where=walks.conversions > 0)


def _drawn(walks: Walks, passes: "scipy.sparse.csr_array", draws: int, seed: int) -> Floats:
    """One row per draw: the passes added up, each as often as it was drawn."""
    chance = np.random.default_rng(seed)
    times = np.concatenate([walks.conversions, walks.nulls])
    is_single = (times > FEW) if len(walks) > SINGLE_WALKS else np.ones(len(times), dtype=bool)
    single = np.flatnonzero(is_single & (times > 0))
    drawn = _taken(chance, times[single], passes[single], draws)
    grouped = np.flatnonzero(~is_single & (times > 0))
    if len(grouped):
        group = chance.integers(GROUPS, size=len(grouped))
        together = scipy.sparse.coo_array(
            (times[grouped], (group, np.arange(len(grouped)))), shape=(GROUPS, len(grouped))
        ).tocsr()
        drawn = drawn + chance.poisson(1.0, size=(draws, GROUPS)) @ (together @ passes[grouped])
    return np.asarray(drawn, dtype=np.float64)


def _taken(chance: np.random.Generator, times: Floats, passes: "scipy.sparse.csr_array", draws: int) -> Floats:
    """One row per draw: the passes added up, each as often as chance takes it where it was taken so many times."""
    tell, rows = doing("drawing each path by itself"), []
    for first in range(0, draws, DRAWN_AT_ONCE):
        tell(first / draws)
        often = chance.poisson(times, size=(min(DRAWN_AT_ONCE, draws - first), len(times)))
        rows.append(np.asarray(often @ passes, dtype=np.float64))
    return np.concatenate(rows)


def _shares(figures: Floats) -> Floats:
    total = figures.sum()
    return figures / total if total else np.zeros_like(figures)


def _interval(shares: list[Floats], width: int) -> Interval:
    low, high = np.percentile(np.array(shares).reshape(-1, width), CONFIDENCE, axis=0)
    return Interval(low, high)
