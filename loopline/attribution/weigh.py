"""The weights of the model library for walks of a file: the same SQL as in the ledger, over columns of numbers."""

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from loopline.attribution.credit import ChannelCredit
from loopline.attribution.model import Model
from loopline.attribution.touchpoints import DIRECT
from loopline.attribution.walks import Floats, Integers, Walks, summed


@dataclass(frozen=True, slots=True)
class Moments:
    """What models that know time read of each touchpoint; None where the file says nothing of it."""

    days_before: Floats | None = None
    lead_position: Integers | None = None
    opportunity_position: Integers | None = None


def weighed(walks: Walks, model: Model, moments: Moments, half_life_days: float = 7.0) -> ChannelCredit:
    """Credit per channel: each walk's conversions and value in proportion to its touchpoints' weights."""
    weights = weights_of(walks, model, moments, half_life_days)
    share = weights / np.repeat(np.add.reduceat(weights, walks.starts[:-1]), walks.lengths)
    width = len(walks.channels)
    return ChannelCredit(
        conversions=summed(walks.codes, share * np.repeat(walks.conversions, walks.lengths), width),
        value=summed(walks.codes, share * np.repeat(walks.value, walks.lengths), width),
    )


def weights_of(walks: Walks, model: Model, moments: Moments, half_life_days: float = 7.0) -> Floats:
    """The weight of each touchpoint, before it is normalised."""
    columns = _columns(walks, model, moments)
    question = f"SELECT CAST({model.weight_sql} AS DOUBLE) AS weight FROM touches"
    given = {"half_life_days": half_life_days} if "$half_life_days" in question else {}
    with duckdb.connect() as memory:
        memory.register("touches", pa.table(columns))
        answer = memory.sql(question, params=given).to_arrow_table()
    return np.asarray(answer["weight"])


def missing(model: Model, moments: Moments) -> list[str]:
    """What the model would have to know of each touchpoint, and the file does not say."""
    known = {
        "days_before": moments.days_before is not None,
        "lead_position": moments.lead_position is not None,
        "opportunity_position": moments.opportunity_position is not None,
        "touch_kind": False,
    }
    return [name for name, is_known in known.items() if name in model.weight_sql and not is_known]


def _columns(walks: Walks, model: Model, moments: Moments) -> dict[str, object]:
    """Only what the weight reads: at forty million touchpoints each column is a third of a gigabyte."""
    sql, starts, lengths = model.weight_sql, walks.starts[:-1], walks.lengths
    position = np.arange(1, len(walks.codes) + 1) - np.repeat(starts, lengths)
    columns: dict[str, object] = {"position": position}
    if "touches" in sql:
        columns["touches"] = np.repeat(lengths, lengths)
    if moments.days_before is not None and "days_before" in sql:
        columns["days_before"] = moments.days_before
        columns["last_days_before"] = np.repeat(moments.days_before[walks.starts[1:] - 1], lengths)
    if moments.lead_position is not None:
        columns["lead_position"] = moments.lead_position
    if moments.opportunity_position is not None:
        columns["opportunity_position"] = moments.opportunity_position
    if "channel_touches" in sql:
        pairs = walks.walk_of * len(walks.channels) + walks.codes
        columns["channel_touches"] = np.bincount(pairs)[pairs]
    if "last_named_position" in sql:
        direct = walks.channels.index(DIRECT) if DIRECT in walks.channels else -1
        named = np.where(walks.codes == direct, 0, position)
        columns["last_named_position"] = np.repeat(np.maximum.reduceat(named, starts), lengths)
    return columns
