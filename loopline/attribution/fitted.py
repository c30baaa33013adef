"""Models that are learnt from all paths, those that converted and those that did not: the weights learnt from them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from loopline.attribution.chain import chain_of, removal_effects, states_of_all
from loopline.attribution.converted_walks import converted_walks
from loopline.attribution.model import Model
from loopline.attribution.null_walks import NullWalks, all_channels, null_walks, walks_of_everybody
from loopline.attribution.walks import Integers, Walks
from loopline.store.both import both
from loopline.store.engine import Engine, Value

FEWEST = 30
"""Conversions a fitted model needs; with fewer it would learn noise."""
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
    walks = _walks(engine, values, tuple(dict.fromkeys(sources.values())), ignores_direct)
    learnt = _effects(*walks, order)
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
    converted, nulls = _walks(engine, values, [kind], ignores_direct)
    return _joined(converted[kind], nulls.of(kind))


def _walks(
    engine: Engine, values: Mapping[str, Value], kinds: Sequence[str], ignores_direct: bool
) -> tuple[dict[str, Walks], NullWalks]:
    """By kind the walks that converted to it, and those that did not, all of them by places of the same channels.

    Putting everybody's in order takes as long as asking for those that converted: it is done meanwhile.
    Raises TooFewError.
    """
    channels = all_channels(engine)
    found, everybody = both(
        engine,
        lambda: converted_walks(engine, values, channels, kinds, ignores_direct),
        lambda: walks_of_everybody(engine, values, channels, ignores_direct),
    )
    converted = {kind: _enough(kind, found.of(kind)) for kind in kinds}
    return converted, null_walks(channels, everybody, {kind: found.people(kind) for kind in kinds})


def _enough(kind: str, walks: Walks) -> Walks:
    if len(walks) < FEWEST:
        raise TooFewError(
            f"There are {len(walks)} {NAMES[_counted(kind)]} with a path here, and a model that learns from paths "
            f"needs {FEWEST}: with fewer it would learn noise. Choose a longer period, or a model with fixed "
            "weights such as linear."
        )
    return walks


def _effects(converted: Mapping[str, Walks], nulls: NullWalks, order: int) -> dict[str, dict[str, float]]:
    """By kind, the removal effect of each channel. Everybody's walks are counted once, and for each kind those of the
    few who converted to it taken out."""
    states = states_of_all([nulls.everybody, *converted.values()], order)
    of_everybody = chain_of(nulls.everybody, order, states)
    learnt = {}
    for kind, walks in converted.items():
        chain = of_everybody - chain_of(nulls.but_for(kind), order, states) + chain_of(walks, order, states)
        effects = removal_effects(chain).of_conversions
        learnt[kind] = dict(zip(walks.channels, (float(effect) for effect in effects), strict=True))
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
