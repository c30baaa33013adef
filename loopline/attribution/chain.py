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
    """The walks as steps between states, before they are counted."""

    states: Integers
    """The distinct states: base-(channels + 1) numbers of k digits, the latest channel last, 0 where there is none."""
    state: Integers
    """State of each step, a place in `states`."""
    walk: Integers
    is_first: npt.NDArray[np.bool_]
    is_last: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Effects:
    """Per channel, in the order of `Walks.channels`; between 0 and 1."""

    of_conversions: Floats
    of_value: Floats


def steps_of(walks: Walks, order: int) -> Steps:
    """Raises OrderError for an order other than 1 to 3."""
    if order not in (1, 2, 3):
        raise OrderError("The order of the chain is 1, 2 or 3.")
    base = len(walks.channels) + 1
    place = np.arange(len(walks.codes)) - np.repeat(walks.starts[:-1], walks.lengths)
    state = walks.codes.astype(np.int64) + 1
    for back in range(1, order):
        earlier = np.zeros_like(state)
        earlier[back:] = (walks.codes[:-back] + 1) * np.int64(base) ** back
        state += np.where(place >= back, earlier, 0)
    walk = walks.walk_of
    is_end = np.zeros(len(state), dtype=bool)
    is_end[walks.starts[1:] - 1] = True
    counts = (place >= order - 1) | is_end
    state, walk = state[counts], walk[counts]
    stays = np.zeros(len(state), dtype=bool)
    stays[1:] = (state[1:] == state[:-1]) & (walk[1:] == walk[:-1])
    state, walk = state[~stays], walk[~stays]
    states, state = _compact(state, base**order)
    is_first = np.ones(len(state), dtype=bool)
    is_first[1:] = walk[1:] != walk[:-1]
    return Steps(states, state, walk, is_first, np.append(is_first[1:], True)[: len(state)])


def _compact(state: Integers, most: int) -> tuple[Integers, Integers]:
    """The distinct states, and each state as its place among them; by a table where that is not too long."""
    if most > 2**24:
        found, places = np.unique(state, return_inverse=True)
        return found, places
    found = np.flatnonzero(np.bincount(state, minlength=most))
    table = np.zeros(most, dtype=np.int64)
    table[found] = np.arange(len(found))
    return found, table[state]


def chain_of(walks: Walks, order: int) -> Chain:
    steps = steps_of(walks, order)
    size = len(steps.states)
    taken = walks.conversions + walks.nulls
    goes_on = ~steps.is_last
    pairs = steps.state[goes_on] * size + steps.state[np.flatnonzero(goes_on) + 1]
    moves = _counted(pairs, taken[steps.walk[goes_on]], size)
    last, ending = steps.state[steps.is_last], steps.walk[steps.is_last]
    first, beginning = steps.state[steps.is_first], steps.walk[steps.is_first]
    return Chain(
        holds=_holds(steps.states, len(walks.channels), order),
        begins=summed(first, taken[beginning], size),
        moves=moves,
        conversions=summed(last, walks.conversions[ending], size),
        value=summed(last, walks.value[ending], size),
        nulls=summed(last, walks.nulls[ending], size),
    )


def _counted(pairs: Integers, weights: Floats, size: int) -> "scipy.sparse.csr_array":
    if size * size <= 2**24:
        return scipy.sparse.csr_array(summed(pairs, weights, size * size).reshape(size, size))
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
