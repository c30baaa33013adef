"""Touchpoints put in order: walk after walk, oldest first; of one moment in the order of their channels.

Walk, moment and channel of each are packed into one number, because forty million numbers are sorted in half a second,
and as many rows in ten. What is done to each is done in two threads; to sort in two, all that is smaller goes to one.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loopline.attribution.walks import AT_ONCE, Integers, at_once, each

STEPS_US = (1_000_000, 1000, 1)
"""Moments are counted in the longest of these that tells all of them apart: fewer bits, so that more walks fit."""
BITS = 63


@dataclass(frozen=True, slots=True)
class InOrder:
    walk_no: Integers
    """Of each walk."""
    starts: Integers
    """Where each walk begins, and the end."""
    codes: npt.NDArray[np.integer]
    """The channel of each touchpoint."""
    before_us: Integers
    """How long before the end of its walk it was."""


def in_order(touches: pa.Table, channels: int) -> InOrder:
    """`touches` has the columns `walk_no`, `before_us` and `code`, which is below `channels`."""
    if not touches.num_rows:
        nothing = np.zeros(0, dtype=np.int64)
        return InOrder(nothing, np.zeros(1, dtype=np.int64), nothing, nothing)
    packing = _packing(touches, channels)
    return _packed(touches, packing) if packing.fits else _compared(touches, packing)


@dataclass(frozen=True, slots=True)
class _Packing:
    """`walk_no << (time + channel) | steps since the earliest << channel | code`, in bits."""

    longest_us: int
    step_us: int
    walk: int
    time: int
    channel: int

    @property
    def fits(self) -> bool:
        return self.walk + self.time + self.channel <= BITS

    @property
    def of_codes(self) -> type[np.integer]:
        return np.uint8 if self.channel <= 8 else np.int32


def _packing(touches: pa.Table, channels: int) -> _Packing:
    spans = each(touches.to_batches(max_chunksize=AT_ONCE), _span)
    longest, step = max(span.longest_us for span in spans), max(span.step for span in spans)
    return _Packing(
        longest_us=longest,
        step_us=STEPS_US[step],
        walk=max(span.walk for span in spans).bit_length(),
        time=((longest - min(span.least_us for span in spans)) // STEPS_US[step]).bit_length(),
        channel=max(1, (channels - 1).bit_length()),
    )


class _Span(NamedTuple):
    """Of a batch: its shortest and longest time, its highest walk, and the place among STEPS_US of what tells its
    moments apart."""

    least_us: int
    longest_us: int
    walk: int
    step: int


def _span(batch: pa.RecordBatch) -> _Span:
    before_us, step = np.asarray(batch["before_us"]), 0
    while (before_us % STEPS_US[step]).any():
        step += 1
    return _Span(int(before_us.min()), int(before_us.max()), int(np.asarray(batch["walk_no"]).max()), step)


def _packed(touches: pa.Table, packing: _Packing) -> InOrder:
    packed = _numbers(touches, packing)
    half = len(packed) // 2
    packed.partition(half)
    each([packed[:half], packed[half:]], np.ndarray.sort)
    codes = np.empty(len(packed), dtype=packing.of_codes)
    is_start = np.ones(len(packed), dtype=bool)

    def begin(touched: slice) -> None:
        codes[touched] = packed[touched] & ((1 << packing.channel) - 1)
        walks = packed[touched.start - bool(touched.start) : touched.stop] >> (packing.time + packing.channel)
        np.not_equal(walks[1:], walks[:-1], out=is_start[touched.stop - len(walks) + 1 : touched.stop])

    def leave_time(touched: slice) -> None:
        before_us = packed[touched]
        before_us >>= packing.channel
        before_us &= (1 << packing.time) - 1
        before_us *= -packing.step_us
        before_us += packing.longest_us

    each(list(at_once(len(packed))), begin)
    firsts = np.flatnonzero(is_start)
    walk_no = packed[firsts] >> (packing.time + packing.channel)
    each(list(at_once(len(packed))), leave_time)
    return InOrder(walk_no, np.append(firsts, len(packed)), codes, packed)


def _numbers(touches: pa.Table, packing: _Packing) -> Integers:
    batches = touches.to_batches(max_chunksize=AT_ONCE)
    packed, ends = np.empty(touches.num_rows, dtype=np.int64), np.cumsum([batch.num_rows for batch in batches])

    def pack(number: int) -> None:
        batch, end = batches[number], int(ends[number])
        part = packed[end - batch.num_rows : end]
        np.subtract(packing.longest_us, np.asarray(batch["before_us"]), out=part)
        part //= packing.step_us
        part <<= packing.channel
        part |= np.asarray(batch["code"])
        part |= np.asarray(batch["walk_no"]).astype(np.int64) << (packing.time + packing.channel)

    each(range(len(batches)), pack)
    return packed


def _compared(touches: pa.Table, packing: _Packing) -> InOrder:
    """The same by comparing the columns one after another, where they do not fit into one number; ten times as slow."""
    walk_no, before_us, code = (np.asarray(touches[name]) for name in ("walk_no", "before_us", "code"))
    order = np.lexsort((code, -before_us, walk_no))
    walk_no = walk_no[order]
    firsts = np.flatnonzero(np.append(True, walk_no[1:] != walk_no[:-1]))
    starts = np.append(firsts, len(walk_no))
    return InOrder(walk_no[firsts], starts, code[order].astype(packing.of_codes), before_us[order])
