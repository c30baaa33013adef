"""Where opportunities stood and for how long, told from their versions: what `waiting.py` learns from."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loopline.attribution.state import Part, question
from loopline.reports.forecast.waiting import LOST, OPEN, WON, Stays
from loopline.reports.forecast.workings import SALES
from loopline.store.engine import Engine, Value

_DAY_US = 86_400_000_000
_VERSIONS = Part(
    "versions",
    """
    SELECT id, version, stage, occurred_at, greatest(epoch_us(occurred_at), epoch_us(recorded_at)) AS known_us,
        lag(stage) OVER (PARTITION BY id ORDER BY version) AS stage_before
    FROM opportunity_facts WHERE recorded_at <= $as_of AND outcome = 'open' AND stage <> ''
    """,
)
STOOD = Part(
    "stood",
    """
    SELECT v.id AS id, v.stage AS stage, v.version AS version, v.known_us AS known_us,
        CASE WHEN v.stage_before IS NULL THEN epoch_us(s.created_at) ELSE epoch_us(v.occurred_at) END AS entered_us,
        lead(v.known_us) OVER (PARTITION BY v.id ORDER BY v.version) AS moved_us,
        CASE WHEN s.outcome = 'open' THEN NULL ELSE epoch_us(s.closed_at) END AS closed_us, s.outcome AS outcome
    FROM versions AS v JOIN sales AS s ON s.id = v.id
    WHERE v.stage_before IS NULL OR v.stage_before <> v.stage
    """,
    (SALES, _VERSIONS),
)
"""The part `stood`: a row for each time that an opportunity came to a stage. It entered its first one when it was
created, and stands where it was last known to stand until another stage is known: nobody could have asked earlier."""
_LAST = "least($to_us, $as_of_us)"
_STAYS = question(
    f"""
    SELECT stage, CASE WHEN closed_us <= {_LAST} THEN outcome ELSE 'open' END AS fate,
        least(coalesce(moved_us, closed_us, {_LAST}), coalesce(closed_us, {_LAST}), {_LAST}) - entered_us AS left_us,
        known_us - entered_us AS known_from_us, greatest(known_us, $from_us) - entered_us AS seen_from_us,
        least(coalesce(closed_us, {_LAST}), {_LAST}) - entered_us AS ended_us
    FROM stood
    WHERE known_us < least(coalesce(moved_us, closed_us, {_LAST}), coalesce(closed_us, {_LAST}), {_LAST})
        AND $from_us < least(coalesce(closed_us, {_LAST}), {_LAST})
    """,
    STOOD,
)
SINCE = Part(
    "since", "SELECT id, max(entered_us) AS entered_us FROM stood WHERE moved_us IS NULL GROUP BY id", (STOOD,)
)
"""The part `since`: when each opportunity came to the stage where it was last open."""


def stays_by_stage(values: Mapping[str, Value], engine: Engine) -> dict[str, Stays]:
    """Of the period, as was known by `$as_of`: what was there before it is seen from its beginning, what is closed
    after it is open when it was seen last."""
    found = engine.query(_STAYS, values)
    return {str(stage): _stays(found.filter(pc.equal(found["stage"], stage))) for stage in found["stage"].unique()}


def _stays(found: pa.Table) -> Stays:
    left, known_from, seen_from, ended = (
        np.asarray(found[name]).astype(np.float64) / _DAY_US
        for name in ("left_us", "known_from_us", "seen_from_us", "ended_us")
    )
    fate = np.asarray(found["fate"])
    fates = np.where(fate == "won", WON, np.where(fate == "lost", LOST, OPEN))
    return Stays(left, known_from, seen_from, ended, fates)
