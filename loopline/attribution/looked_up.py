"""The join of touchpoints and conversions where ids are small whole numbers: each touchpoint looks up the conversion at
the place that its id names. Ids that may lie anywhere have to be hashed, which takes twice as long."""

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loopline.attribution.walks import AT_ONCE, Integers, each
from loopline.attribution.whose import kind_of

WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
PLACES_AN_ID = 8
"""Where ids lie further apart, most touchpoints would be fetched to find that they lead to nothing."""
FAR_US = 2**62
"""More than a hundred thousand years: from such a moment on differences are no numbers any more."""


def looked_up(memory: duckdb.DuckDBPyConnection, code: str, lookback_us: int | None) -> pa.Table | None:
    """`walk_no`, `before_us` and `code` of the touchpoints that lead to a conversion, in no order.

    Reads `touches` and `whose`. `code`: SQL text over `t`. None where ids are no numbers or lie far apart, where one
    has several conversions, or where a moment is in no year that anybody means.
    """
    if not {kind_of(memory, "touches", "who"), kind_of(memory, "whose", "who")} <= WHOLE:
        return None
    whose = memory.execute("SELECT who, walk_no, us FROM whose WHERE who IS NOT NULL").fetchnumpy()
    ids = np.asarray(whose["who"], dtype=np.int64)
    places = _places(ids)
    if places is None:
        return None
    found = memory.sql(
        f"SELECT t.who AS who, epoch_us(t.touched_at) AS us, {code} FROM touches AS t "
        f"WHERE t.who BETWEEN {ids.min()} AND {ids.max()}"
    ).to_arrow_table()
    if any(column.null_count for column in found.columns):
        found = found.drop_null()
    schema = pa.schema({"walk_no": pa.int32(), "before_us": pa.int64(), "code": found.schema.field("code").type})
    # Behind all others stands who has no conversion: it was before all times.
    walk_no, us = whose["walk_no"], np.append(whose["us"], -FAR_US)

    def look_up(batch: pa.RecordBatch) -> pa.RecordBatch | None:
        place = places.take(np.asarray(batch["who"], dtype=np.int64) - ids.min())
        touched_us, sold_us = np.asarray(batch["us"]), us.take(place)
        if touched_us.min() <= -FAR_US or touched_us.max() >= FAR_US:
            return None
        is_within = touched_us < sold_us
        if lookback_us is not None:
            is_within &= touched_us >= sold_us - lookback_us
        hits = np.flatnonzero(is_within)
        columns = [walk_no[place[hits]], sold_us[hits] - touched_us[hits], np.asarray(batch["code"])[hits]]
        return pa.record_batch(columns, schema)

    batches = each(found.to_batches(max_chunksize=AT_ONCE), look_up)
    told = [batch for batch in batches if batch is not None]
    return pa.Table.from_batches(told, schema) if len(told) == len(batches) else None


def _places(ids: Integers) -> npt.NDArray[np.int32] | None:
    """By id, less the least one: where among `ids` it stands, and behind all of them where it does not; None where ids
    lie too far apart or one stands twice."""
    if not len(ids) or int(ids.max()) - int(ids.min()) >= PLACES_AN_ID * len(ids):
        return None
    order = np.arange(len(ids), dtype=np.int32)
    places = np.full(int(ids.max() - ids.min()) + 1, len(ids), dtype=np.int32)
    places[ids - ids.min()] = order
    return places if (places[ids - ids.min()] == order).all() else None
