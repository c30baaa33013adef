"""The Markov chain of walks, solved exactly: how much fewer conversions there were without a channel.

States are the last k channels (k is the order; a walk shorter than k is one state), and consecutive equal states are
one. From a state a walk goes on to the next state, to the conversion, or to null; the chance of each is how often it
did. Removing a channel sends every state that holds it to null. Removal effect = 1 − P(conversion without the channel)
÷ P(conversion). A channel's credit is its share of the sum of removal effects (Anderl et al., "Mapping the customer
journey", 2016). The value of a conversion is the mean value of the walks that end in its last state.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy  # its `sparse` is read when it is first used: a third of a second and 40 MB that most never need

from loopline.attribution.walks import Floats, Integers, Walks, summed

LARGEST_DENSE = 400
"""So many states are solved as one dense system per channel; more by passing values on until nothing moves."""
STILL = 1e-15

Progress = Callable[[str], None]


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


def steps_of(walks: Walks, order: int) -> Steps:
    """Numbers no wider than they must be: of forty million steps each eight bytes are a third of a gigabyte.

    Raises OrderError for an order other than 1 to 3, and for channels whose states have no number each.
    """
    if order not in (1, 2, 3):
        raise OrderError("The order of the chain is 1, 2 or 3.")
    base = len(walks.channels) + 1
    if base**order > np.iinfo(np.int64).max:
        raise OrderError(
            f"{base - 1:,} channels have too many states of order {order} to tell apart. Ask for a lower order, or by "
            "something that has fewer values."
        )
    begins = np.zeros(len(walks.codes), dtype=bool)
    begins[walks.starts[:-1]] = True
    state, at_least = _states(walks.codes, begins, base, order)
    is_end = np.zeros(len(state), dtype=bool)
    is_end[walks.starts[1:] - 1] = True
    if order > 1:
        # A step counts once its window is full; of a walk that never fills one, its end does.
        opens = at_least[order - 1] & ~at_least[order] | (is_end & ~at_least[order - 1])
        counts = at_least[order - 1] | is_end
        state, begins = state[counts], opens[counts]
    stays = np.zeros(len(state), dtype=bool)
    np.equal(state[1:], state[:-1], out=stays[1:])
    stays &= ~begins
    state, begins = state[~stays], begins[~stays]
    states, state = _compact(state, base**order)
    return Steps(states, state, begins, np.append(begins[1:], True)[: len(state)])


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


def _compact(state: npt.NDArray[np.integer], most: int) -> tuple[Integers, npt.NDArray[np.integer]]:
    """The distinct states, and each state as its place among them; by a table where that is not too long."""
    if most > 2**24:
        found, places = np.unique(state, return_inverse=True)
        return found.astype(np.int64), places
    found = np.flatnonzero(added_up(state, None, most))
    table = np.zeros(most, dtype=np.int16 if len(found) < 2**15 else np.int32)
    table[found] = np.arange(len(found))
    return found, table[state]


AT_ONCE = 2**22


def added_up(places: npt.NDArray[np.integer], weights: Floats | None, size: int) -> Floats:
    """The weights (1 each, where there are none) added up by place, some millions at a time: numpy widens them all."""
    total = np.zeros(size)
    for start in range(0, len(places), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        total += np.bincount(places[part], None if weights is None else weights[part], minlength=size)
    return total


def chain_of(walks: Walks, order: int) -> Chain:
    steps = steps_of(walks, order)
    size = len(steps.states)
    taken = walks.conversions + walks.nulls
    goes_on, pairs = steps.pairs()
    weights = None if (taken == 1).all() else np.repeat(taken, steps.lengths)[goes_on]
    first, last = steps.first, steps.last
    return Chain(
        holds=holds_of(steps.states, len(walks.channels), order),
        begins=summed(first, taken, size),
        moves=_counted(pairs, weights, size),
        conversions=summed(last, walks.conversions, size),
        value=summed(last, walks.value, size),
        nulls=summed(last, walks.nulls, size),
    )


def _counted(pairs: npt.NDArray[np.integer], weights: Floats | None, size: int) -> "scipy.sparse.csr_array":
    if size * size <= 2**24:
        return scipy.sparse.csr_array(added_up(pairs, weights, size * size).reshape(size, size))
    ones = np.ones(len(pairs)) if weights is None else weights
    moves: scipy.sparse.csr_array = scipy.sparse.coo_array(
        (ones, (pairs // size, pairs % size)), shape=(size, size)
    ).tocsr()
    return moves


def holds_of(states: Integers, channels: int, order: int) -> npt.NDArray[np.bool_]:
    holds = np.zeros((len(states), channels + 1), dtype=bool)
    rest = states.copy()
    for _ in range(order):
        holds[np.arange(len(states)), rest % (channels + 1)] = True
        rest //= channels + 1
    return holds[:, 1:]


def removal_effects(chain: Chain) -> Effects:
    """What conversions and value would lose without each channel; 0 where nothing converts."""
    total = chain.begins.sum()
    if not total:
        nothing = np.zeros(chain.holds.shape[1])
        return Effects(nothing, nothing)
    leaves = np.maximum(np.asarray(chain.moves.sum(axis=1)).ravel() + chain.conversions + chain.nulls, 1e-300)
    reward = np.stack([chain.conversions, chain.value], axis=1) / leaves[:, None]
    onward = scipy.sparse.diags_array(1 / leaves) @ chain.moves
    # The first column keeps all channels.
    kept = np.column_stack([np.ones(len(leaves), dtype=bool), ~chain.holds])
    reached = _dense(onward.toarray(), reward, kept) if len(leaves) <= LARGEST_DENSE else _still(onward, reward, kept)
    expected = np.einsum("s,skr->kr", chain.begins / total, reached)
    whole, without = expected[0], expected[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        effects = np.where(whole != 0, 1 - without / whole, 0.0)
    return Effects(effects[:, 0], effects[:, 1])


def _dense(onward: Floats, reward: Floats, kept: npt.NDArray[np.bool_]) -> Floats:
    """What each state reaches, states × removals × rewards, by solving (I − Q) v = r for each removal."""
    size = len(onward)
    answers = []
    for keep in kept.T:
        system = np.eye(size) - onward * keep[:, None] * keep[None, :]
        answers.append(np.linalg.solve(system, reward * keep[:, None]))
    return np.stack(answers, axis=1)


def _still(onward: "scipy.sparse.csr_array", reward: Floats, kept: npt.NDArray[np.bool_]) -> Floats:
    """The same by v ← r + Q v from v = r: it grows towards the answer, and every round is one more step of the walks.

    It ends when no value moves by more than STILL of the largest; walks end, so it does.
    """
    shape = (len(reward), kept.shape[1], reward.shape[1])
    mask = np.broadcast_to(kept[:, :, None], shape).reshape(shape[0], -1)
    fixed = np.broadcast_to(reward[:, None, :], shape).reshape(shape[0], -1) * mask
    reached = fixed
    while True:
        after = fixed + (onward @ reached) * mask
        moved = np.abs(after - reached).max(axis=0)
        reached = after
        if (moved <= STILL * np.maximum(np.abs(after).max(axis=0), 1e-300)).all():
            return np.asarray(reached.reshape(shape))
