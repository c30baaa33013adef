"""Walks that ended without a conversion: what everyone else, known or not, touched within the period.

They are most of all touchpoints, and a chain needs no more of each than whose it is, when it was and its channel. So
they leave the event store as numbers in the order in which they lie there, and are put in order as numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loopline.attribution.by_walk import NUMBER_BITS, ByWalk, by_walk
from loopline.attribution.state import question, visible
from loopline.attribution.touchpoints import RowOf, touchpoints
from loopline.attribution.walks import Integers, Walks
from loopline.store.engine import Engine, StoreError, Value

CHANNELS = "SELECT DISTINCT channel FROM touches UNION SELECT DISTINCT channel FROM channel_facts ORDER BY channel"

MOST_TRIES = 5
"""So often the walks are asked for while people are being erased in between."""


@dataclass(frozen=True, slots=True)
class NullWalks:
    """Everybody's walks, and who converted to each kind. Nearly everybody did to none: what null walks count is what
    everybody's do, but for those of the few."""

    everybody: Walks
    """Each once, as if nobody had converted."""
    _converted: Mapping[str, npt.NDArray[np.bool_]]
    """By kind: which of them are of somebody who converted to it."""

    def of(self, kind: str) -> Walks:
        """The null walks of the kind."""
        return self.everybody.chosen(np.flatnonzero(~self._converted[kind]))

    def but_for(self, kind: str) -> Walks:
        """Those of everybody's that are not null walks of the kind."""
        return self.everybody.chosen(np.flatnonzero(self._converted[kind]))


def all_channels(engine: Engine) -> tuple[str, ...]:
    """Every channel that a touchpoint ever counted for. Raises StoreError."""
    return tuple(str(row["channel"]) for row in engine.rows(CHANNELS))


def walk_of(person_no: str, identity_no: str = "") -> str:
    """SQL text of the number that tells walks apart outside of the question: half of whose it is, by SQL text of the
    numbers of the person and the identity, because answers have 63 bits and a sign."""
    whose = f"coalesce({person_no}, {identity_no})" if identity_no else person_no
    return f"CAST({whose} // 2 AS BIGINT)"


def walks_of_everybody(
    engine: Engine, values: Mapping[str, Value], channels: Sequence[str], ignores_direct: bool = False
) -> ByWalk:
    """All walks of the scope, also those that converted.

    Raises StoreError, also where people were erased again and again while it asked.
    """
    for _ in range(MOST_TRIES):
        found = _asked(engine, values, channels, ignores_direct)
        if found is not None:
            return found
    raise StoreError(
        "People are being erased just now, so that the paths changed each time while they were read. "
        "Ask again in a minute."
    )


def _asked(engine: Engine, values: Mapping[str, Value], channels: Sequence[str], ignores_direct: bool) -> ByWalk | None:
    """None where somebody was erased between the two questions."""
    touched = touchpoints(RowOf("''", carries_channel=True, ignores_direct=ignores_direct, with_strangers=True))
    given = {**values, **{f"channel{place}": channel for place, channel in enumerate(channels)}}
    packing = _Packing.of(values, len(channels))
    found = by_walk(engine.query(question(_touches(channels, packing), touched), given), packing.code_bits)
    if len(found.tied_at):
        tied_at = [str(moment) for moment in found.tied_at]
        tied = engine.query(question(_tied_touches(channels, packing), touched), {**given, "tied_at": tied_at})
        codes, places = _by_walk(tied, packing), found.together[np.isin(found.together_at, found.tied_at)]
        if len(codes) != len(places):
            return None
        found.codes[places] = codes
    return found


@dataclass(frozen=True, slots=True)
class _Packing:
    """How the moment and the channel of a touchpoint leave the question as one number: every number that leaves costs
    as much as reading four."""

    step_us: int
    """Moments are counted in these, since the beginning of the period."""
    code_bits: int

    @classmethod
    def of(cls, values: Mapping[str, Value], channels: int) -> "_Packing":
        """The shortest steps that fit; what falls into one step is put in order by the event store."""
        code_bits = max(1, (channels - 1).bit_length())
        length_us = cast(int, values["to_us"]) - cast(int, values["from_us"])
        steps = (1, 1_000, 1_000_000)
        fitting = (step for step in steps if (length_us // step).bit_length() + code_bits <= NUMBER_BITS)
        return cls(next(fitting), code_bits)

    @property
    def moment(self) -> str:
        """SQL text over `t`."""
        return f"((t.touched_us - $from_us) // {self.step_us})"


def _by_walk(tied: pa.Table, packing: _Packing) -> Integers:
    """The channels of those touchpoints of the tied moments that share theirs with others of the walk, as `ByWalk` has
    them."""
    walk_no, told = np.asarray(tied["walk_no"]), np.asarray(tied["told"])
    order = np.lexsort((told >> packing.code_bits, walk_no))
    walk_no, told = walk_no[order], told[order]
    moments, codes = told >> packing.code_bits, told & ((1 << packing.code_bits) - 1)
    as_before = (walk_no[1:] == walk_no[:-1]) & (moments[1:] == moments[:-1])
    together: Integers = codes[np.append(as_before, False) | np.append(False, as_before)]
    return together


def null_walks(channels: tuple[str, ...], found: ByWalk, converted: Mapping[str, Integers]) -> NullWalks:
    """`converted` says by kind whose walks (as `walk_of` counts them) converted."""
    never, once = (np.broadcast_to(np.float64(times), len(found.walk_no)) for times in (0, 1))
    everybody = Walks(channels, found.codes, found.starts, conversions=never, value=never, nulls=once)
    return NullWalks(everybody, {kind: _is_among(walks, found.walk_no) for kind, walks in converted.items()})


def _is_among(few: Integers, all_of_them: Integers) -> npt.NDArray[np.bool_]:
    """Which of the numbers, in ascending order, are among the few, in any order: put in order, too, they are looked up
    in places that follow each other, five times as fast."""
    is_among, few = np.zeros(len(all_of_them), dtype=bool), np.sort(few)
    places = np.searchsorted(all_of_them, few)
    few, places = few[places < len(all_of_them)], places[places < len(all_of_them)]
    is_among[places[all_of_them[places] == few]] = True
    return is_among


def _touches(channels: Sequence[str], packing: _Packing) -> str:
    whens = "".join(f" WHEN $channel{place} THEN {place}" for place in range(len(channels)))
    code = f"CASE t.channel{whens} END" if channels else "0"
    return f"""
        SELECT {walk_of("t.person_no", "t.identity_no")} AS walk_no,
            {packing.moment} * {1 << packing.code_bits} + {code} AS told
        FROM touchpoints AS t
        WHERE t.can_earn AND NOT t.is_machine AND {visible("t.unit_id")}
            AND t.touched_us >= $from_us AND t.touched_us < $to_us
    """


def _tied_touches(channels: Sequence[str], packing: _Packing) -> str:
    tied = f"{packing.moment} IN (SELECT CAST(moment AS BIGINT) FROM (SELECT unnest($tied_at) AS moment) AS tied)"
    return f"{_touches(channels, packing)} AND {tied} ORDER BY t.touched_us, t.event_id"
