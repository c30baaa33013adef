"""The Markov chain of walks, solved exactly: how much fewer conversions there were without a channel.

States are the last k channels (k is the order; a walk shorter than k is one state), and consecutive equal states are
one. From a state a walk goes on to the next state, to the conversion, or to null; the chance of each is how often it
did. Removing a channel sends every state that holds it to null. Removal effect = 1 − P(conversion without the channel)
÷ P(conversion). A channel's credit is its share of the sum of removal effects (Anderl et al., "Mapping the customer
journey", 2016). The value of a conversion is the mean value of the walks that end in its last state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt
import scipy  # its `sparse` is read when it is first used: a third of a second and 40 MB that most never need

from loopline.attribution.walks import Floats, Integers, Walks, in_threads
from loopline.lib.progress import doing

LARGEST_DENSE = 400
"""So many states are solved as one dense system per channel; more by passing values on until nothing moves."""
STILL, LOOK_EVERY = 1e-15, 8
TINY = 1e-300
"""In place of a 0 to divide by."""
LONGEST_TABLE = 2**24
"""So many numbers are told apart by a table of all there could be; more by comparing those there are."""


class OrderError(ValueError):
    """The order is not 1, 2 or 3, or the states of that order are too many to tell apart."""


@dataclass(frozen=True, slots=True)
class Chain:
    """How often walks went from where to where."""

    holds: npt.NDArray[np.bool_]
    """states × channels: does the state hold the channel?"""
    begins: Floats
    """Walks that begin in each state."""
    moves: "scipy.sparse.csr_array"
    """Walks that went from one state to another."""
    conversions: Floats
    """Conversions straight from each state."""
    value: Floats
    nulls: Floats

    def __add__(self, other: "Chain") -> "Chain":
        """Of the walks of both, which have the same states."""
        return Chain(self.holds, **{name: getattr(self, name) + getattr(other, name) for name in _COUNTED})

    def __sub__(self, other: "Chain") -> "Chain":
        """Without the other's walks, which are among those of this one and have the same states."""
        return Chain(self.holds, **{name: getattr(self, name) - getattr(other, name) for name in _COUNTED})


_COUNTED = "begins", "moves", "conversions", "value", "nulls"


@dataclass(frozen=True, slots=True)
class Steps:
    """The walks as steps between states, before they are counted. Every walk has one, and they lie walk after walk."""

    states: Integers
    """The distinct states: base-(channels + 1) numbers of k digits, the latest channel last, 0 where there is none."""
    state: npt.NDArray[np.integer]
    """State of each step, a place in `states`."""
    is_first: npt.NDArray[np.bool_]
    is_last: npt.NDArray[np.bool_]

    @property
    def first(self) -> npt.NDArray[np.integer]:
        """Where each walk begins."""
        return self.state[self.is_first]

    @property
    def last(self) -> npt.NDArray[np.integer]:
        return self.state[self.is_last]

    @property
    def lengths(self) -> Integers:
        return np.diff(np.append(np.flatnonzero(self.is_first), len(self.state)))

    def pairs(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.integer]]:
        """Which steps go on, and beside each of those where from and to: `from × states + to`."""
        size = len(self.states)
        kind = np.int32 if size * size < 2**31 else np.int64
        pairs: npt.NDArray[np.integer] = self.state[:-1].astype(kind)
        np.multiply(pairs, kind(size), out=pairs)
        np.add(pairs, self.state[1:], out=pairs)
        goes_on = ~self.is_last
        return goes_on, pairs[goes_on[:-1]]


@dataclass(frozen=True, slots=True)
class Effects:
    """Per channel, in the order of `Walks.channels`; between 0 and 1."""

    of_conversions: Floats
    of_value: Floats


def steps_of(walks: Walks, order: int, states: "States | None" = None) -> Steps:
    """Numbers no wider than they must be: of forty million steps each eight bytes are a third of a gigabyte.

    `states` are all that there may be, where they are known already. Raises OrderError as `states_of` does.
    """
    known = states or states_of(walks, order)
    state, begins = _numbered(walks, order)
    return Steps(known.states, known.places(state), begins, np.append(begins[1:], True)[: len(state)])


@dataclass(frozen=True, slots=True)
class States:
    """The distinct states of walks, and perhaps some that none is in."""

    states: Integers
    table: npt.NDArray[np.integer] | None
    """The place in `states` of each state that there could be, where those are not too many."""

    def places(self, state: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        return np.searchsorted(self.states, state) if self.table is None else self.table[state]


def states_of(walks: Walks, order: int) -> States:
    """Raises OrderError for an order other than 1 to 3, and for channels whose states have no number each."""
    most = _possible_states(walks, order)
    if most > LONGEST_TABLE:
        found = in_threads(
            walks, lambda blocks: [_distinct(walks.part(block), order) for block in blocks], "finding the states"
        )
        return States(np.unique(np.concatenate([states for part in found for states in part])), None)
    is_there = np.zeros(most, dtype=bool)

    def look(blocks: Sequence[slice]) -> None:
        for block in blocks:
            is_there[_numbered(walks.part(block), order)[0]] = True

    in_threads(walks, look, "finding the states")
    return _with_places(np.flatnonzero(is_there), most)


def states_of_all(parts: Sequence[Walks], order: int) -> States:
    """Of walks in several parts that have the same channels: all there could be, where they are so few that to look
    for those there are takes longer than to solve for all. Raises OrderError as `states_of` does."""
    most = _possible_states(parts[0], order)
    if most <= LARGEST_DENSE:
        return _with_places(np.arange(most), most)
    states = np.unique(np.concatenate([states_of(walks, order).states for walks in parts]))
    return _with_places(states, most)


def _possible_states(walks: Walks, order: int) -> int:
    """How many there could be. Raises OrderError."""
    if order not in (1, 2, 3):
        raise OrderError("The order of the chain is 1, 2 or 3.")
    most: int = _base(walks) ** order
    if most > np.iinfo(np.int64).max:
        raise OrderError(
            f"{len(walks.channels):,} channels have too many states of order {order} to tell apart. Ask for a lower "
            "order, or by something that has fewer values."
        )
    return most


def _with_places(states: Integers, most: int) -> States:
    if most > LONGEST_TABLE:
        return States(states, None)
    table: npt.NDArray[np.integer] = np.zeros(most, dtype=np.int16 if len(states) < 2**15 else np.int32)
    table[states] = np.arange(len(states))
    return States(states, table)


def _distinct(walks: Walks, order: int) -> Integers:
    return np.unique(_numbered(walks, order)[0]).astype(np.int64)


def _base(walks: Walks) -> int:
    return len(walks.channels) + 1


def _numbered(walks: Walks, order: int) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.bool_]]:
    """The number of each step's state, and whether its walk begins there."""
    begins = np.zeros(len(walks.codes), dtype=bool)
    begins[walks.starts[:-1]] = True
    state, at_least = _states(walks.codes, begins, _base(walks), order)
    if order > 1:
        # A step counts once its window is full; of a walk that never fills one, its end does.
        is_end = np.zeros(len(state), dtype=bool)
        is_end[walks.starts[1:] - 1] = True
        opens = at_least[order - 1] & ~at_least[order] | (is_end & ~at_least[order - 1])
        counts = at_least[order - 1] | is_end
        state, begins = state[counts], opens[counts]
    moves = np.ones(len(state), dtype=bool)
    np.not_equal(state[1:], state[:-1], out=moves[1:])
    moves |= begins
    return state[moves], begins[moves]


def _states(
    codes: npt.NDArray[np.integer], begins: npt.NDArray[np.bool_], base: int, order: int
) -> tuple[npt.NDArray[np.integer], list[npt.NDArray[np.bool_]]]:
    """The state at each touchpoint, and by k: are there k touchpoints of the walk before it?"""
    kind = np.int32 if base**order < 2**31 else np.int64
    state: npt.NDArray[np.integer] = codes.astype(kind)
    state += kind(1)
    at_least: list[npt.NDArray[np.bool_]] = [np.ones(len(codes), dtype=bool)]
    for back in range(1, order + 1):
        # There are k before it where there are k − 1 before the one before it, in the same walk.
        deeper = np.zeros(len(codes), dtype=bool)
        deeper[1:] = at_least[-1][:-1] & ~begins[1:]
        at_least.append(deeper)
        if back < order:
            earlier: npt.NDArray[np.integer] = codes[:-back].astype(kind)
            earlier += kind(1)
            earlier *= kind(base**back)
            earlier *= deeper[back:]
            state[back:] += earlier
    return state, at_least


def added_up(places: npt.NDArray[np.integer], weights: Floats | None, size: int) -> Floats:
    """The weights (1 each, where there are none) added up by place."""
    total = np.zeros(size)
    np.add.at(total, places, 1.0 if weights is None else weights)
    return total


def chain_of(walks: Walks, order: int, states: States | None = None) -> Chain:
    """`states` as in `steps_of`. Raises OrderError as `states_of` does."""
    known = states or states_of(walks, order)

    def counted(blocks: Sequence[slice]) -> _Counts:
        counts = _Counts.nothing(len(known.states))
        for block in blocks:
            part = walks.part(block)
            counts.add(part, steps_of(part, order, known))
        return counts

    counts = _Counts.together(in_threads(walks, counted, "counting the moves"))
    return Chain(_holds(known.states, len(walks.channels), order), moves=counts.moves(), **counts.by_state)


@dataclass(slots=True)
class _Counts:
    """What goes into a chain, while it is counted."""

    by_state: dict[str, Floats]
    table: Floats | None
    """How often walks went from one state to another, at `from × states + to`, where that is not too long."""
    pairs: list[tuple[npt.NDArray[np.integer], Floats]]
    """The same without a table: places in it, and how often."""

    @classmethod
    def nothing(cls, size: int) -> "_Counts":
        by_state = {name: np.zeros(size) for name in ("begins", "conversions", "value", "nulls")}
        return cls(by_state, np.zeros(size * size) if size * size <= LONGEST_TABLE else None, [])

    @classmethod
    def together(cls, parts: Sequence["_Counts"]) -> "_Counts":
        first, *others = parts
        for other in others:
            for name, figures in other.by_state.items():
                first.by_state[name] += figures
            if first.table is not None and other.table is not None:
                first.table += other.table
            first.pairs += other.pairs
        return first

    def add(self, walks: Walks, steps: Steps) -> None:
        taken = walks.conversions + walks.nulls
        np.add.at(self.by_state["begins"], steps.first, taken)
        for name, figures in (("conversions", walks.conversions), ("value", walks.value), ("nulls", walks.nulls)):
            np.add.at(self.by_state[name], steps.last, figures)
        goes_on, pairs = steps.pairs()
        weights = np.ones(len(pairs)) if (taken == 1).all() else np.repeat(taken, steps.lengths)[goes_on]
        if self.table is not None:
            np.add.at(self.table, pairs, weights)
        else:
            found, places = np.unique(pairs, return_inverse=True)
            self.pairs.append((found, added_up(places, weights, len(found))))

    def moves(self) -> "scipy.sparse.csr_array":
        size = len(self.by_state["begins"])
        if self.table is not None:
            return scipy.sparse.csr_array(self.table.reshape(size, size))
        pairs, weights = (np.concatenate(columns) for columns in zip(*self.pairs, strict=True))
        moves: scipy.sparse.csr_array = scipy.sparse.coo_array(
            (weights, (pairs // size, pairs % size)), shape=(size, size)
        ).tocsr()
        return moves


def _holds(states: Integers, channels: int, order: int) -> npt.NDArray[np.bool_]:
    holds = np.zeros((len(states), channels + 1), dtype=bool)
    rest = states.copy()
    for _ in range(order):
        holds[np.arange(len(states)), rest % (channels + 1)] = True
        rest //= channels + 1
    return holds[:, 1:]


def removal_effects(chain: Chain, *, largest_dense: int = LARGEST_DENSE) -> Effects:
    """What conversions and value would lose without each channel; 0 where nothing converts."""
    total = chain.begins.sum()
    if not total:
        nothing = np.zeros(chain.holds.shape[1])
        return Effects(nothing, nothing)
    leaves = np.maximum(np.asarray(chain.moves.sum(axis=1)).ravel() + chain.conversions + chain.nulls, TINY)
    reward = np.stack([chain.conversions, chain.value], axis=1) / leaves[:, None]
    onward = scipy.sparse.diags_array(1 / leaves) @ chain.moves
    begins = chain.begins / total
    if len(leaves) <= largest_dense:
        whole, lost = _dense(begins, onward.toarray(), reward, chain.holds)
    else:
        whole, lost = _passed_on(begins, onward, reward, chain.holds)
    effects = np.where(whole != 0, lost / np.where(whole != 0, whole, 1.0), 0.0)
    return Effects(effects[:, 0], effects[:, 1])


def _dense(begins: Floats, onward: Floats, reward: Floats, holds: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """What walks reach, and what is lost of it without each channel: rewards, channels × rewards.

    The system I − Q is inverted once. Without the states G its answer v is less by N[:, G] N[G, G]⁻¹ v[G] of the
    inverse N (its Schur complement), so that each channel costs a system of its own states only. This is told as such
    and not as a difference: of a small channel beside a huge one nothing but rounding would be left.
    """
    system = np.eye(len(onward)) - onward
    inverse = np.linalg.inv(system)
    reached, visits = inverse @ reward, begins @ inverse
    # Each small figure gets as many right digits as the large ones have: what is left over is solved for again.
    reached += inverse @ (reward - system @ reached)
    visits += (begins - visits @ system) @ inverse
    states = (np.flatnonzero(removed) for removed in holds.T)
    lost = [visits[gone] @ np.linalg.solve(inverse[np.ix_(gone, gone)], reached[gone]) for gone in states]
    return begins @ reached, np.stack(lost)


def _passed_on(
    begins: Floats, onward: "scipy.sparse.csr_array", reward: Floats, holds: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """The same by passing on: what is lost without a channel is what its states reach, by way of all others."""
    reached = _still(onward, reward, np.ones_like(reward))
    shape = (len(reward), holds.shape[1], reward.shape[1])
    held = np.broadcast_to(holds[:, :, None], shape).reshape(shape[0], -1)
    lost = _still(onward, np.broadcast_to(reached[:, None, :], shape).reshape(shape[0], -1) * held, ~held)
    return begins @ reached, (begins @ lost).reshape(shape[1:])


def _still(onward: "scipy.sparse.csr_array", fixed: Floats, goes_on: npt.NDArray[np.generic]) -> Floats:
    """v = fixed + Q v, where it goes on, by v ← fixed + Q v: it grows towards the answer, and every round is one more
    step of the walks.

    It ends when no figure moves by more than STILL of itself, or where some are negative of what it would be if none
    were; walks end, so it does.
    """
    width = fixed.shape[1]
    if (fixed < 0).any():
        fixed, goes_on = np.hstack([fixed, np.abs(fixed)]), np.hstack([goes_on, goes_on])
    reached, tell = fixed, doing("taking out each channel")
    for rounds in count(1):
        after = fixed + (onward @ reached) * goes_on
        if rounds % LOOK_EVERY == 0:
            moved = float((np.abs(after - reached)[:, :width] / np.maximum(after[:, -width:], TINY)).max())
            if not moved > STILL:  # nor where sums are too large to be numbers
                break
            # What moves shrinks by the same factor every round.
            tell(min(1.0, max(0.0, float(np.log(moved) / np.log(STILL)))))
        reached = after
    return np.asarray(after[:, :width])
