"""Walks that converted: the paths of the conversions out of the event store, and whose walks they were."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loopline.attribution.conversions import conversion_people, conversions
from loopline.attribution.null_walks import walk_of
from loopline.attribution.paths import steps
from loopline.attribution.state import number_of, question
from loopline.attribution.touchpoints import RowOf
from loopline.attribution.walks import Integers, Walks
from loopline.store.engine import Engine, Value


@dataclass(frozen=True, slots=True)
class ConvertedWalks:
    channels: tuple[str, ...]
    kinds: tuple[str, ...]
    found: pa.Table
    """Touchpoints by kind and walk, oldest first; after them the people of each kind."""

    def of(self, kind: str) -> Walks:
        """One walk a conversion, of the conversions that have a path."""
        found = self._stretch(self.kinds.index(kind))
        firsts = np.flatnonzero(np.asarray(found["is_start"]).astype(bool))
        return Walks(
            channels=self.channels,
            codes=np.asarray(pc.index_in(found["channel"], pa.array(self.channels, pa.string()))),
            starts=np.append(firsts, found.num_rows),
            conversions=np.ones(len(firsts)),
            value=np.asarray(found["amount"]).astype(np.float64)[firsts],
            nulls=np.zeros(len(firsts)),
        )

    def people(self, kind: str) -> Integers:
        """Everybody whose touchpoints may lead to one of these conversions, counted as `null_walks.walk_of` does."""
        return np.asarray(self._stretch(len(self.kinds) + self.kinds.index(kind))["whose"])

    def _stretch(self, number: int) -> pa.Table:
        first, end = np.searchsorted(np.asarray(self.found["stretch"]), [number, number + 1])
        return self.found.slice(int(first), int(end - first))


def converted_walks(
    engine: Engine,
    values: Mapping[str, Value],
    channels: Sequence[str],
    kinds: Sequence[str],
    ignores_direct: bool = False,
) -> ConvertedWalks:
    """Those of the scope. Raises StoreError."""
    row = RowOf("''", carries_channel=True, ignores_direct=ignores_direct, tells_reasons=False)
    return ConvertedWalks(tuple(channels), tuple(kinds), engine.query(_question(kinds, row), values))


def _question(kinds: Sequence[str], row: RowOf) -> str:
    """Conversions are told apart inside the question only. The people are asked for along with the paths, which have
    to find them anyway."""
    places = " ".join(f"WHEN '{kind}' THEN {place}" for place, kind in enumerate(kinds))
    return question(
        f"""
        SELECT w.stretch AS stretch, w.channel AS channel, w.place = 1 AS is_start, w.amount AS amount, w.whose AS whose
        FROM (
            SELECT CASE c.kind {places} END AS stretch, s.channel AS channel, c.amount AS amount,
                CAST(0 AS BIGINT) AS whose, {number_of("CAST(s.conversion_no AS VARCHAR)")} AS walk_no,
                row_number() OVER (PARTITION BY s.conversion_no ORDER BY s.touched_us, s.event_id) AS place
            FROM steps AS s JOIN conversions AS c ON c.conversion_no = s.conversion_no
            UNION ALL
            SELECT DISTINCT {len(kinds)} + CASE p.kind {places} END AS stretch, '' AS channel, 0 AS amount,
                {walk_of("p.person_no")} AS whose, {number_of("''")} AS walk_no, 0 AS place
            FROM conversion_people AS p
        ) AS w ORDER BY w.stretch, w.walk_no, w.place
        """,
        conversions(*kinds),
        conversion_people(*kinds),
        steps(row, *kinds),
    )
