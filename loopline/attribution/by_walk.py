"""Touchpoints by walk, oldest first, where walks are told apart by long numbers that lie anywhere.

They are dealt by the first bits of their walk into parts that fit the processor's cache, because what takes the time is
not to sort ten million numbers (a tenth of a second) but to fetch what lies at ten million places, and fresh memory:
that is two columns in one piece each, and all else is small enough to be used again.
A part is sorted by sixteen bits at a time: such numbers numpy sorts by counting, whatever the processor, while for long
ones it takes four times as long with the AVX-512 of some as without.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loopline.attribution.walks import AT_ONCE, Integers, each

Part = tuple[Integers, Integers]
"""`walk_no` and `told` of some touchpoints."""
NUMBER_BITS, PART_BITS, SORTED_BITS = 63, 6, 16
PARTS = 1 << PART_BITS
_NONE: Integers = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class ByWalk:
    walk_no: Integers
    """Of each walk, in ascending order."""
    starts: Integers
    """Where each walk begins, and the end."""
    codes: npt.NDArray[np.integer]
    """The channel of each touchpoint."""
    together: Integers
    """The touchpoints that share their walk and moment with another one, and so stand in no order."""
    together_at: Integers
    """The moments of those."""
    tied_at: Integers
    """The moments of those among which the order matters, since they are of different channels; each once."""


def by_walk(touches: pa.Table, code_bits: int) -> ByWalk:
    """`touches` has the columns `walk_no`, and `told`: the moment, with the channel in its last bits. No number is
    below 0."""
    parts = each(_dealt(touches), lambda part: _in_order(*part, code_bits))
    begins = np.cumsum([0, *(len(part.codes) for part in parts)])
    return ByWalk(
        walk_no=_joined(part.walk_no for part in parts),
        starts=np.append(_joined(part.starts[:-1] + at for part, at in zip(parts, begins, strict=False)), begins[-1]),
        codes=np.concatenate([_NONE.astype(_kind(code_bits)), *(part.codes for part in parts)]),
        together=_joined(part.together + at for part, at in zip(parts, begins, strict=False)),
        together_at=_joined(part.together_at for part in parts),
        tied_at=np.unique(_joined(part.tied_at for part in parts)),
    )


def _dealt(touches: pa.Table) -> list[Part]:
    """The parts, in the order of their walks."""
    batches = touches.to_batches(max_chunksize=AT_ONCE)
    counts = np.zeros((PARTS, len(batches)), dtype=np.int64)
    for number, of_parts in enumerate(each(batches, _count)):
        counts[:, number] = of_parts
    ends = np.cumsum(counts).reshape(counts.shape)
    walk_no, told = np.empty((2, touches.num_rows), dtype=np.int64)

    def deal(number: int) -> None:
        of_batch = np.asarray(batches[number]["walk_no"])
        order = np.argsort(_part(of_batch), kind="stable")
        for column, dealt in ((of_batch, walk_no), (np.asarray(batches[number]["told"]), told)):
            pieces = np.split(column[order], np.cumsum(counts[:-1, number]))
            for piece, end in zip(pieces, ends[:, number], strict=True):
                dealt[end - len(piece) : end] = piece

    each(range(len(batches)), deal)
    edges = np.append(0, counts.sum(axis=1).cumsum())
    return [(walk_no[first:end], told[first:end]) for first, end in pairwise(edges)]


def _count(batch: pa.RecordBatch) -> Integers:
    return np.bincount(_part(np.asarray(batch["walk_no"])), minlength=PARTS)


def _part(walk_no: Integers) -> npt.NDArray[np.uint8]:
    return (walk_no >> (NUMBER_BITS - PART_BITS)).astype(np.uint8)


def _in_order(walk_no: Integers, told: Integers, code_bits: int) -> ByWalk:
    """By time, then by the upper bits of the walk, then, where walks share those, which few do, by all of them: little
    is out of order then. Each time what shares its place stays in the order of before."""
    walk_no, told = _sorted(told, walk_no, told)
    order = _by_upper_bits(walk_no)
    walk_no, told = walk_no[order], told[order]
    walk_no, told = _sorted(walk_no, walk_no, told)
    is_start = np.append(True, walk_no[1:] != walk_no[:-1])[: len(told)]
    moments, codes = told >> code_bits, (told & ((1 << code_bits) - 1)).astype(_kind(code_bits))
    as_before = ~is_start[1:] & (moments[1:] == moments[:-1])
    together = np.flatnonzero(np.append(as_before, False) | np.append(False, as_before))
    return ByWalk(
        walk_no=walk_no[is_start],
        starts=np.append(np.flatnonzero(is_start), len(told)),
        codes=codes,
        together=together,
        together_at=moments[together],
        tied_at=moments[1:][as_before & (codes[1:] != codes[:-1])],
    )


def _by_upper_bits(walk_no: Integers) -> Integers:
    """The order by the bits that follow those of the part, twice as many as are sorted at a time: the lower first."""
    upper = NUMBER_BITS - PART_BITS - SORTED_BITS
    order = np.argsort((walk_no >> (upper - SORTED_BITS)).astype(np.uint16), kind="stable")
    return order[np.argsort((walk_no >> upper).astype(np.uint16)[order], kind="stable")]


def _sorted(by: Integers, *columns: Integers) -> list[Integers]:
    """The columns, in the ascending order of `by`: mostly they are already, or in a few stretches that are."""
    if (by[1:] >= by[:-1]).all():
        return list(columns)
    order = np.argsort(by, kind="stable")
    return [column[order] for column in columns]


def _kind(code_bits: int) -> type[np.integer]:
    return np.uint8 if code_bits <= 8 else np.int32


def _joined(pieces: Iterable[Integers]) -> Integers:
    return np.concatenate([_NONE, *pieces])
