"""Models that are learnt from all paths: the walks of a scope out of the event store, and the weights learnt from them.

Walks that converted are the paths of the conversions; those that did not are in `attribution.null_walks`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loopline.attribution.chain import chain_of, chain_together, removal_effects, states_of_all
from loopline.attribution.conversions import conversion_people, conversions
from loopline.attribution.model import Model
from loopline.attribution.null_walks import NullWalks, all_channels, null_walks
from loopline.attribution.paths import steps
from loopline.attribution.state import number_of, question
from loopline.attribution.touchpoints import RowOf
from loopline.attribution.walks import Integers, Walks
from loopline.store.engine import Engine, Value

FEWEST = 30
"""Conversions a fitted model needs; of fewer it would learn chance."""
_SMALLEST = 1e-9
NAMES = {"lead": "leads", "qualified": "qualified leads", "opportunity": "opportunities", "won": "won opportunities"}


class TooFewError(ValueError):
    """There are too few conversions to learn from; the message says how many and what to do."""


def weights_learnt(
    model: Model,
    engine: Engine,
    values: Mapping[str, Value],
    order: int,
    *kinds: str,
    ignores_direct: bool = False,
    learns_from: str = "",
) -> tuple[Model, dict[str, Value]]:
    """The model with its weights, and the values these name. A model that is not learnt comes back as it is.

    Each kind is learnt from its own conversions, or all of them from those of the kind `learns_from`.

    Raises TooFewError below FEWEST conversions of any of `kinds`, and StoreError.
    """
    if model.key != "markov":
        return model, {}
    named: dict[str, Value] = {}
    cases = []
    sources = {kind: _counted(learns_from or kind) for kind in kinds}
    asked = _Asked(engine, values, all_channels(engine), ignores_direct)
    learnt = _effects(asked, tuple(dict.fromkeys(sources.values())), order)
    for kind, source in sources.items():
        effects = learnt[source]
        for place, (channel, effect) in enumerate(effects.items()):
            named[f"{kind}_channel{place}"], named[f"{kind}_effect{place}"] = channel, max(effect, _SMALLEST)
        lines = " ".join(f"WHEN ${kind}_channel{place} THEN ${kind}_effect{place}" for place in range(len(effects)))
        cases.append(f"WHEN '{kind}' THEN CASE channel {lines} ELSE {_SMALLEST} END")
    return replace(model, weight_sql=f"CASE kind {' '.join(cases)} END"), named


def walks_of(
    engine: Engine,
    values: Mapping[str, Value],
    kind: str,
    ignores_direct: bool = False,
) -> Walks:
    """All walks of a scope, the channels in the order in which they come.

    Raises TooFewError where too few of them converted to `kind`, and StoreError.
    """
    asked = _Asked(engine, values, all_channels(engine), ignores_direct)
    return _joined(asked.converted([kind])[kind], asked.nulls([kind]).for_all())


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose walks are asked for, all of them by the places of the same channels."""

    engine: Engine
    values: Mapping[str, Value]
    channels: tuple[str, ...]
    ignores_direct: bool

    def nulls(self, kinds: Sequence[str]) -> NullWalks:
        return null_walks(self.engine, self.values, self.channels, kinds, self.ignores_direct)

    def converted(self, kinds: Sequence[str]) -> dict[str, Walks]:
        """By kind, the walks that converted to it. Raises TooFewError."""
        row = RowOf("''", carries_channel=True, ignores_direct=self.ignores_direct)
        found = self.engine.query(_paths(kinds, row), self.values)
        kind_of, walks = np.asarray(found["kind_no"]), {}
        for place, kind in enumerate(kinds):
            walks[kind] = self._walks(kind, found.slice(*_stretch(kind_of, place)))
        return walks

    def _walks(self, kind: str, found: pa.Table) -> Walks:
        firsts = np.flatnonzero(np.asarray(found["is_start"]).astype(bool))
        if len(firsts) < FEWEST:
            raise TooFewError(
                f"There are {len(firsts)} {NAMES[_counted(kind)]} with a path here, and a model that learns from paths "
                f"needs {FEWEST}: of fewer it would learn chance. Choose a longer period, or a model with fixed "
                "weights such as linear."
            )
        return Walks(
            channels=self.channels,
            codes=np.asarray(pc.index_in(found["channel"], pa.array(self.channels))),
            starts=np.append(firsts, found.num_rows),
            conversions=np.ones(len(firsts)),
            value=np.asarray(found["amount"]).astype(np.float64)[firsts],
            nulls=np.zeros(len(firsts)),
        )


def _stretch(kind_of: Integers, place: int) -> tuple[int, int]:
    """Where the rows of this kind begin, and how many there are."""
    first, end = np.searchsorted(kind_of, [place, place + 1])
    return int(first), int(end - first)


def _effects(asked: _Asked, kinds: tuple[str, ...], order: int) -> dict[str, dict[str, float]]:
    """By kind, the removal effect of each channel. Nearly all null walks are those of every kind: counted once."""
    converted, nulls = asked.converted(kinds), asked.nulls(kinds)
    shared, own = nulls.for_all(), {kind: nulls.only_for(kind) for kind in kinds}
    states = states_of_all([shared, *converted.values(), *own.values()], order)
    nobody = chain_of(shared, order, states)
    learnt = {}
    for kind in kinds:
        chain = chain_together(nobody, chain_of(converted[kind], order, states), chain_of(own[kind], order, states))
        effects = removal_effects(chain).of_conversions
        learnt[kind] = dict(zip(asked.channels, (float(effect) for effect in effects), strict=True))
    return learnt


def _joined(first: Walks, second: Walks) -> Walks:
    """The walks of both, with the channels that are on one of them."""
    codes = np.concatenate([first.codes, second.codes])
    used, earliest = np.unique(codes, return_index=True)
    used = used[np.argsort(earliest)]
    places: Integers = np.zeros(len(first.channels), dtype=np.int64)
    places[used] = np.arange(len(used))
    return Walks(
        channels=tuple(first.channels[code] for code in used),
        codes=places[codes],
        starts=np.append(first.starts, second.starts[1:] + len(first.codes)),
        conversions=np.append(first.conversions, second.conversions),
        value=np.append(first.value, second.value),
        nulls=np.append(first.nulls, second.nulls),
    )


def _counted(kind: str) -> str:
    """Revenue is the money of the won: it goes by what they are learnt from."""
    return "won" if kind == "revenue" else kind


def _paths(kinds: Sequence[str], row: RowOf) -> str:
    """Touchpoints of conversions by kind and walk, oldest first; walks are told apart inside the question only."""
    places = " ".join(f"WHEN '{kind}' THEN {place}" for place, kind in enumerate(kinds))
    return question(
        f"""
        SELECT w.kind_no AS kind_no, w.channel AS channel, w.place = 1 AS is_start, w.amount AS amount
        FROM (
            SELECT CASE c.kind {places} END AS kind_no, s.channel AS channel, c.amount AS amount,
                {number_of("CAST(s.conversion_no AS VARCHAR)")} AS walk_no,
                row_number() OVER (PARTITION BY s.conversion_no ORDER BY s.touched_us, s.event_id) AS place
            FROM steps AS s JOIN conversions AS c ON c.conversion_no = s.conversion_no
        ) AS w ORDER BY w.kind_no, w.walk_no, w.place
        """,
        conversions(*kinds),
        conversion_people(*kinds),
        steps(row, *kinds),
    )
