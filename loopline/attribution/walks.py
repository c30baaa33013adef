"""Walks: paths as arrays of numbers, for models that are learnt from all of them at once.

A walk is a path that many may have taken: so many times it converted, for so much value, so many times it did not.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from loopline.lib.progress import doing

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Given = TypeVar("Given")
Answer = TypeVar("Answer")

AT_ONCE = 2**17
"""Touchpoints that are worked on together. So many columns of numbers stay in the processor's cache and use the same
memory again: that is ten times as fast as columns of seven million, most of which is waiting for fresh memory."""
THREADS = 2


@dataclass(frozen=True, slots=True)
class Walks:
    """Walk `w` touches `codes[starts[w]:starts[w + 1]]`, oldest first: places in `channels`. No walk is empty."""

    channels: tuple[str, ...]
    codes: npt.NDArray[np.integer]
    starts: Integers
    """One more than there are walks."""
    conversions: Floats
    value: Floats
    """Of all its conversions together; zero where nothing was said."""
    nulls: Floats
    """How often the walk ended without a conversion."""

    @property
    def lengths(self) -> Integers:
        return np.diff(self.starts)

    @property
    def walk_of(self) -> Integers:
        """The walk of each touchpoint."""
        return np.repeat(np.arange(len(self.conversions)), self.lengths)

    def __len__(self) -> int:
        return len(self.conversions)

    def blocks(self) -> list[slice]:
        """All walks in groups of some AT_ONCE touchpoints: slices of walks. No walk is cut in two."""
        marks = np.arange(AT_ONCE, len(self.codes), AT_ONCE)
        edges = np.unique([0, *np.searchsorted(self.starts, marks), len(self)])
        return [slice(int(first), int(end)) for first, end in pairwise(edges)]

    def touches(self, walks: slice) -> slice:
        """Where the touchpoints of these walks lie."""
        return slice(int(self.starts[walks.start]), int(self.starts[walks.stop]))

    def part(self, walks: slice) -> "Walks":
        touches = self.touches(walks)
        return Walks(
            channels=self.channels,
            codes=self.codes[touches],
            starts=self.starts[walks.start : walks.stop + 1] - touches.start,
            conversions=self.conversions[walks],
            value=self.value[walks],
            nulls=self.nulls[walks],
        )

    def chosen(self, which: Integers) -> "Walks":
        """Only these walks."""
        lengths = self.lengths[which]
        starts = np.append(0, np.cumsum(lengths))
        touches = np.arange(starts[-1]) + np.repeat(self.starts[which] - starts[:-1], lengths)
        return Walks(
            channels=self.channels,
            codes=self.codes[touches],
            starts=starts,
            conversions=self.conversions[which],
            value=self.value[which],
            nulls=self.nulls[which],
        )


def in_threads(walks: Walks, work: Callable[[Sequence[slice]], Answer], what: str) -> list[Answer]:
    """What `work` answers to the blocks of the walks, dealt out to THREADS threads; `what` is told to who looks on."""
    blocks, tell = walks.blocks(), doing(what)
    return each([_Told(blocks[number::THREADS], tell) for number in range(THREADS)], work)


def each(given: Sequence[Given], work: Callable[[Given], Answer]) -> list[Answer]:
    """What `work` answers to each, in the order in which they are given, worked out in THREADS threads."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, given))


class _Told(list[slice]):
    """Blocks that say how many of them are done when the next one is asked for."""

    def __init__(self, blocks: Sequence[slice], tell: Callable[[float], None]) -> None:
        super().__init__(blocks)
        self._tell = tell

    def __iter__(self) -> Iterator[slice]:
        for place, block in enumerate(super().__iter__()):
            self._tell(place / len(self))
            yield block


def at_once(count: int) -> Iterator[slice]:
    """So many touchpoints in groups of AT_ONCE."""
    return (slice(start, min(start + AT_ONCE, count)) for start in range(0, count, AT_ONCE))


def summed(places: npt.NDArray[np.integer], weights: Floats, size: int) -> Floats:
    """The weights added up by place; zero where there are none."""
    return np.bincount(places, weights=weights, minlength=size).astype(np.float64, copy=False)


def walks_from_texts(
    paths: pa.ChunkedArray, conversions: Floats, value: Floats, nulls: Floats, *, separator: str = ">"
) -> Walks:
    """Walks from texts such as `Email > Direct`; spaces around a channel do not count."""
    lists = pc.split_pattern(paths, separator).combine_chunks()
    return _walks(pc.utf8_trim_whitespace(lists.flatten()), np.asarray(pc.list_value_length(lists)),
                  conversions, value, nulls)  # fmt: skip


def walks_from_touches(
    channel: pa.ChunkedArray, is_start: npt.NDArray[np.bool_], conversions: Floats, value: Floats, nulls: Floats
) -> Walks:
    """Walks from touchpoints that lie walk after walk, oldest first. The figures are one a touchpoint; of each walk
    those beside its first touchpoint count."""
    firsts = np.flatnonzero(is_start)
    lengths = np.diff(firsts, append=len(is_start))
    return _walks(channel, lengths, conversions[firsts], value[firsts], nulls[firsts])


def _walks(channel: pa.Array, lengths: Integers, conversions: Floats, value: Floats, nulls: Floats) -> Walks:
    encoded = pa.chunked_array(channel).combine_chunks() if isinstance(channel, pa.ChunkedArray) else channel
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    channels = tuple(encoded.dictionary.to_pylist())
    return Walks(channels, np.asarray(encoded.indices), starts, conversions, value, nulls)
