"""Models that are learnt from all paths: the walks of a scope out of the event store, and the weights learnt from them.

Walks that converted are the paths of the conversions. Walks that did not are what everyone else, known or not, touched
within the period.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from loopline.attribution.chain import chain_of, removal_effects
from loopline.attribution.conversions import conversion_people, conversions
from loopline.attribution.model import Model
from loopline.attribution.paths import steps
from loopline.attribution.state import Part, number_of, question, visible
from loopline.attribution.touchpoints import RowOf, touchpoints
from loopline.attribution.walks import Walks, walks_from_touches
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
    learnt = {
        source: _effects(walks_of(engine, values, source, ignores_direct), order)
        for source in dict.fromkeys(sources.values())
    }
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
    """All walks of a scope.

    Raises TooFewError where too few of them converted to `kind`, and StoreError.
    """
    found = engine.query(_walks(kind, ignores_direct), values)
    is_start = np.asarray(found["is_start"]).astype(bool)
    has_converted = np.asarray(found["has_converted"]).astype(np.float64)
    count = int(has_converted[is_start].sum())
    if count < FEWEST:
        raise TooFewError(
            f"There are {count} {NAMES[_counted(kind)]} with a path here, and a model that learns from paths needs "
            f"{FEWEST}: of fewer it would learn chance. Choose a longer period, or a model with fixed weights such as "
            "linear."
        )
    amount = np.asarray(found["amount"]).astype(np.float64)
    return walks_from_touches(found["channel"], is_start, has_converted, amount * has_converted, 1 - has_converted)


def _counted(kind: str) -> str:
    """Revenue is the money of the won: it goes by what they are learnt from."""
    return "won" if kind == "revenue" else kind


def _effects(walks: Walks, order: int) -> dict[str, float]:
    effects = removal_effects(chain_of(walks, order)).of_conversions
    return dict(zip(walks.channels, (float(effect) for effect in effects), strict=True))


def _walks(kind: str, ignores_direct: bool) -> str:
    """Touchpoints walk after walk, oldest first; walks are told apart by a number that stays inside the question."""
    return question(
        """
        SELECT w.channel AS channel, w.place = 1 AS is_start, w.has_converted AS has_converted, w.amount AS amount
        FROM (
            SELECT *, row_number() OVER (PARTITION BY has_converted, walk_no ORDER BY touched_us, event_id) AS place
            FROM walk_touches
        ) AS w ORDER BY w.has_converted DESC, w.walk_no, w.place
        """,
        _walk_touches(kind, RowOf("''", carries_channel=True, ignores_direct=ignores_direct, with_strangers=True)),
    )


def _walk_touches(kind: str, row: RowOf) -> Part:
    return Part(
        "walk_touches",
        f"""
        SELECT 1 AS has_converted, {number_of("CAST(s.conversion_no AS VARCHAR)")} AS walk_no, s.channel AS channel,
            s.touched_us AS touched_us, s.event_id AS event_id, c.amount AS amount
        FROM steps AS s JOIN conversions AS c ON c.conversion_no = s.conversion_no
        UNION ALL
        SELECT 0 AS has_converted, coalesce(t.person_no, t.identity_no) AS walk_no, t.channel AS channel,
            t.touched_us AS touched_us, t.event_id AS event_id, 0 AS amount
        FROM touchpoints AS t
        LEFT JOIN (SELECT DISTINCT person_no FROM conversion_people) AS p ON p.person_no = t.person_no
        WHERE p.person_no IS NULL AND t.can_earn AND NOT t.is_machine AND {visible("t.unit_id")}
            AND t.touched_us >= $from_us AND t.touched_us < $to_us
        """,
        (conversions(kind), conversion_people(kind), steps(row, kind), touchpoints(row)),
    )
