"""Walks that ended without a conversion: what everyone else, known or not, touched within the period.

They are most of all touchpoints, and a chain needs no more of each than whose it is, when it was and its channel. So
they leave the event store as numbers in the order in which they lie there, and are put in order as numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loopline.attribution.conversions import conversion_people
from loopline.attribution.state import Part, question, visible
from loopline.attribution.touchpoints import RowOf, touchpoints
from loopline.attribution.walks import THREADS, Floats, Integers, Walks, at_once
from loopline.store.engine import Engine, Value

Found = TypeVar("Found")
Number = TypeVar("Number", bound=np.integer)
CHANNELS = "SELECT DISTINCT channel FROM touches UNION SELECT DISTINCT channel FROM channel_facts ORDER BY channel"


@dataclass(frozen=True, slots=True)
class NullWalks:
    """Walks of all who did not convert to every kind that was asked for."""

    channels: tuple[str, ...]
    kinds: tuple[str, ...]
    codes: npt.NDArray[np.integer]
    starts: Integers
    """As in `Walks`."""
    converted: npt.NDArray[np.integer]
    """Of each walk the kinds that its person converted to: the bit `1 << place in kinds`."""

    def for_all(self) -> Walks:
        """Null walks for every kind, of those who converted to none: nearly all. The others count zero times."""
        return self._counted(self.converted == 0)

    def only_for(self, kind: str) -> Walks:
        """Null walks for this kind, of those who converted to another."""
        which = (self.converted != 0) & (self.converted & 1 << self.kinds.index(kind) == 0)
        return self._counted(which).chosen(np.flatnonzero(which))

    def _counted(self, which: npt.NDArray[np.bool_]) -> Walks:
        nothing: Floats = np.zeros(len(which))
        return Walks(self.channels, self.codes, self.starts, nothing, nothing, which.astype(np.float64))


def all_channels(engine: Engine) -> tuple[str, ...]:
    """Every channel that a touchpoint ever counted for. Raises StoreError."""
    return tuple(str(row["channel"]) for row in engine.rows(CHANNELS))


def null_walks(
    engine: Engine,
    values: Mapping[str, Value],
    channels: Sequence[str],
    kinds: Sequence[str],
    ignores_direct: bool = False,
) -> NullWalks:
    """Those of the scope. Raises StoreError."""
    if not channels:
        nothing = np.zeros(0, dtype=np.int64)
        return NullWalks((), tuple(kinds), nothing, np.zeros(1, dtype=np.int64), nothing)
    row = RowOf("''", carries_channel=True, ignores_direct=ignores_direct, with_strangers=True)
    parts = (touchpoints(row), _converted(kinds))
    given = {**values, **{f"channel{place}": channel for place, channel in enumerate(channels)}}
    touched = engine.query(question(_touches(channels, kinds), *parts), given)
    walk_no, touched_us = np.asarray(touched["walk_no"]), np.asarray(touched["touched_us"])
    told = np.asarray(touched["told"].cast(pa.int32()))
    places, begins = walk_by_walk(walk_no, touched_us)
    tied = _tied(places, begins, touched_us, told)
    told = _taken(told, places)
    if len(tied):
        sql = question(_tied_touches(channels, kinds), *parts)
        ordered = _by_walk(engine.query(sql, {**given, "tied_us": [str(moment) for moment in tied]}))
        is_tied = np.isin(touched_us[places], tied)
        if is_tied.sum() != len(ordered):  # somebody was erased between the two questions
            return null_walks(engine, values, channels, kinds, ignores_direct)
        told[is_tied] = ordered
    starts = np.append(np.flatnonzero(begins), len(begins))
    converted = told[starts[:-1]] // len(channels)
    told %= len(channels)
    return NullWalks(tuple(channels), tuple(kinds), told, starts, converted)


def walk_by_walk(walk_no: Integers, touched_us: Integers) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """The places of touchpoints walk after walk, oldest first, and which of them begin a walk. Those of one moment
    stand as they came. No number is below 0.

    The upper bits of a walk's number and the place in time make one number, and ten million of those are sorted in a
    twentieth of a second. Few walks share their upper bits; they are parted afterwards.
    """
    count = len(walk_no)
    bits, begins, in_time = count.bit_length(), np.ones(count, dtype=bool), None
    if (touched_us[1:] < touched_us[:-1]).any():
        in_time = np.argsort(touched_us, kind="stable")
        walk_no = _taken(walk_no, in_time)
    packed = np.empty(count, dtype=np.int64)

    def pack(part: slice) -> None:
        np.right_shift(walk_no[part], bits, out=packed[part])
        packed[part] <<= bits
        packed[part] |= np.arange(part.start, part.stop)

    def look(part: slice) -> list[int]:
        ordered = packed[max(part.start - 1, 0) : part.stop]
        walks, upper = walk_no[ordered & ((1 << bits) - 1)], ordered >> bits
        is_other = walks[1:] != walks[:-1]
        begins[part.stop - len(is_other) : part.stop] = is_other
        mixed: list[int] = upper[1:][is_other & (upper[1:] == upper[:-1])].tolist()
        return mixed

    _each(count, pack)
    packed.sort()
    for upper_bits in {upper for mixed in _each(count, look) for upper in mixed}:
        first, end = np.searchsorted(packed, [upper_bits << bits, (upper_bits + 1) << bits])
        _part(packed[first:end], begins[first:end], walk_no, (1 << bits) - 1)
    packed &= (1 << bits) - 1
    return packed if in_time is None else _taken(in_time, packed), begins


def _each(count: int, work: Callable[[slice], Found]) -> list[Found]:
    """`work` for each group of so many touchpoints, in threads."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, at_once(count)))


def _taken(values: npt.NDArray[Number], places: Integers) -> npt.NDArray[Number]:
    """`values[places]`, in threads."""
    taken = np.empty(len(places), dtype=values.dtype)

    def take(part: slice) -> None:
        taken[part] = values[places[part]]

    _each(len(places), take)
    return taken


def _part(packed: Integers, begins: npt.NDArray[np.bool_], walk_no: Integers, place: int) -> None:
    """Bring walks that share their upper bits apart, in place."""
    walks = walk_no[packed & place]
    order = np.argsort(walks, kind="stable")
    packed[:], walks = packed[order], walks[order]
    begins[1:] = walks[1:] != walks[:-1]


def _tied(places: Integers, begins: npt.NDArray[np.bool_], touched_us: Integers, told: Integers) -> Integers:
    """Moments at which a walk touched different channels: which came first, the ids of the events say."""

    def tied(part: slice) -> Integers:
        at = places[max(part.start - 1, 0) : part.stop]
        goes_on = ~begins[part.stop - len(at) + 1 : part.stop]
        moments, said = touched_us[at], told[at]
        ties: Integers = moments[1:][goes_on & (moments[1:] == moments[:-1]) & (said[1:] != said[:-1])]
        return ties

    return np.unique(np.concatenate([touched_us[:0], *_each(len(places), tied)]))


def _by_walk(ordered: pa.Table) -> Integers:
    """What the touchpoints of the tied moments say, as `walk_by_walk` has them."""
    walk_no, touched_us, told = (np.asarray(ordered[name]) for name in ("walk_no", "touched_us", "told"))
    return told[np.lexsort((touched_us, walk_no))]


def _converted(kinds: Sequence[str]) -> Part:
    bits = " + ".join(
        f"max(CASE WHEN kind = '{kind}' THEN {1 << place} ELSE 0 END)" for place, kind in enumerate(kinds)
    )
    sql = f"SELECT person_no, {bits} AS converted FROM conversion_people GROUP BY person_no"
    return Part("converted", sql, (conversion_people(*kinds),))


def _touches(channels: Sequence[str], kinds: Sequence[str]) -> str:
    """A number leaves the question to tell walks apart; half of it, because answers have 63 bits and a sign."""
    codes = " ".join(f"WHEN $channel{place} THEN {place}" for place in range(len(channels)))
    converted = "coalesce(c.converted, 0)"
    return f"""
        SELECT coalesce(t.person_no, t.identity_no) // 2 AS walk_no, t.touched_us AS touched_us,
            CASE t.channel {codes} END + {len(channels)} * {converted} AS told
        FROM touchpoints AS t LEFT JOIN converted AS c ON c.person_no = t.person_no
        WHERE t.can_earn AND NOT t.is_machine AND {visible("t.unit_id")}
            AND t.touched_us >= $from_us AND t.touched_us < $to_us AND {converted} < {(1 << len(kinds)) - 1}
    """


def _tied_touches(channels: Sequence[str], kinds: Sequence[str]) -> str:
    tied = "t.touched_us IN (SELECT CAST(moment AS BIGINT) FROM (SELECT unnest($tied_us) AS moment) AS tied)"
    return f"{_touches(channels, kinds)} AND {tied} ORDER BY t.event_id"
