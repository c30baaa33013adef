"""One file of touchpoints: `path_id`, `touched_at`, `channel`, and of the path `converted_at` (empty where it did not
convert), `value`, `lead_created_at`, `opportunity_created_at`; of the touchpoint `touch_kind`, where models ask for it.

What belongs to the path may stand beside each of its touchpoints or beside one of them, but is one thing. A value is
what a conversion was worth, so a path that has one (0 aside) has a `converted_at`, be it in another line.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from loopline.attribution.file_lines import FileError, NothingInWindowError, following
from loopline.attribution.opened import MOST, Opened
from loopline.attribution.walks import Integers, Walks, walks_from_touches
from loopline.attribution.weigh import Moments

NEEDED = ("path_id", "touched_at", "channel", "converted_at")
OF_PATHS = ("converted_at", "value", "lead_created_at", "opportunity_created_at")


@dataclass(frozen=True, slots=True)
class FileOfWalks:
    walks: Walks
    moments: Moments
    unattributed: float = 0
    """Conversions without a touchpoint before them."""
    unattributed_value: float = 0
    has_value: bool = True
    """False where the file says nothing of what conversions are worth: that is not known, and not 0."""


def of_touches(file: Opened, lookback_days: int | None) -> FileOfWalks:
    """Raises FileError where a touchpoint is not whole, or a path is said to have ended in two ways."""
    wrong = {f"{name} IS NULL": f"{name} is empty" for name in ("path_id", "touched_at", "channel")}
    if "value" in file.names:
        wrong[f"abs(value) > {MOST}"] = f"value is more than {MOST:,}, beside which nothing else would count"
    file.refuse(wrong)
    with following(file.memory, f"putting the paths of {file.path.name} together"):
        _tell_paths(file)
        _refuse_worth_of_nothing(file)
    window = "" if lookback_days is None else f"AND t.touched_at >= p.converted_at - INTERVAL {int(lookback_days)} DAY"
    within = f"(p.converted_at IS NULL OR (t.touched_at < p.converted_at {window}))"
    with following(file.memory, f"reading {file.path.name}"):
        found = _found(file, within)
    if not found.num_rows:
        raise NothingInWindowError(
            "The file holds no touchpoint before a conversion. Look at touched_at and converted_at."
        )
    walks = _walks(found)
    return FileOfWalks(walks, _moments(found, walks, file), *_lost(file, walks, within), "value" in file.names)


def _found(file: Opened, within: str) -> pa.Table:
    """Touchpoints path after path, oldest first; of one moment in the order of their lines."""
    earlier = "CASE WHEN t.touched_at <= p.{moment} THEN 1 ELSE 0 END AS {moment}"
    kind = "t.touch_kind" if "touch_kind" in file.names else "NULL"
    return file.memory.sql(
        f"""
        SELECT t.path_id AS path_id, t.channel AS channel, p.converted_at IS NOT NULL AS has_converted,
            coalesce(epoch_us(p.converted_at) - epoch_us(t.touched_at), 0) AS before_us,
            coalesce(p.value, CAST(0 AS DOUBLE)) AS value, {kind} AS touch_kind,
            {earlier.format(moment="lead_created_at")}, {earlier.format(moment="opportunity_created_at")}
        FROM file_lines AS t JOIN paths AS p ON p.path_id = t.path_id
        WHERE {within} ORDER BY t.path_id, t.touched_at, t.line
        """
    ).to_arrow_table()


def _lost(file: Opened, walks: Walks, within: str) -> tuple[float, float]:
    """Conversions without a touchpoint before them, and their value."""
    [(converted,)] = file.memory.execute("SELECT count(converted_at) FROM paths").fetchall()
    if converted == walks.conversions.sum():
        return 0.0, 0.0
    [(lost, lost_value)] = file.memory.execute(
        f"""
        SELECT count(*), coalesce(sum(value), 0) FROM paths AS p
        WHERE converted_at IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM file AS t WHERE t.path_id = p.path_id AND {within})
        """
    ).fetchall()
    return float(lost), float(lost_value)


def _tell_paths(file: Opened) -> None:
    """The table `paths`, one line each."""
    known = [name for name in OF_PATHS if name in file.names]
    told = [f"max({name}) AS {name}" if name in known else f"{_nothing(name)} AS {name}" for name in OF_PATHS]
    told += [f"min({name}) <> max({name}) AS {name}_differs" for name in known]
    file.memory.execute(f"CREATE TEMP TABLE paths AS SELECT path_id, {', '.join(told)} FROM file GROUP BY path_id")
    for name in known:
        [(path_id,)] = file.memory.execute(f"SELECT min(path_id) FROM paths WHERE {name}_differs").fetchall()
        if path_id is not None:
            raise FileError(
                f"Path “{path_id}” has more than one {name}. Give each conversion a path_id of its own, "
                "or give the conversions in a file of their own with --conversions."
            )


def _refuse_worth_of_nothing(file: Opened) -> None:
    """A value is lost where none of the lines of its path says when it converted. Raises FileError with the first."""
    if "value" not in file.names:
        return
    found = file.memory.execute(
        """
        SELECT t.line, t.path_id FROM file_lines AS t JOIN paths AS p ON p.path_id = t.path_id
        WHERE p.converted_at IS NULL AND p.value <> 0 AND t.value <> 0 ORDER BY t.line LIMIT 1
        """
    ).fetchall()
    for line, path_id in found:
        raise file.refusal(
            line,
            f"value is not 0, and path “{path_id}” has no converted_at; a value is what a conversion was worth: say in "
            "a line of the path when it converted, or leave the value out",
        )


def _nothing(name: str) -> str:
    return "CAST(NULL AS DOUBLE)" if name == "value" else "CAST(NULL AS TIMESTAMPTZ)"


def _walks(found: pa.Table) -> Walks:
    ids = found["path_id"].combine_chunks().dictionary_encode().indices
    is_start = np.append(True, np.diff(np.asarray(ids)) != 0)
    has_converted = np.asarray(found["has_converted"]).astype(np.float64)
    return walks_from_touches(
        found["channel"], is_start, has_converted, np.asarray(found["value"]) * has_converted, 1 - has_converted
    )


def _moments(found: pa.Table, walks: Walks, file: Opened) -> Moments:
    def position(name: str) -> Integers | None:
        return _positions(found[name], walks) if name in file.names else None

    return Moments(
        before_us=np.asarray(found["before_us"]),
        lead_position=position("lead_created_at"),
        opportunity_position=position("opportunity_created_at"),
        touch_kind=found["touch_kind"].combine_chunks() if "touch_kind" in file.names else None,
    )


def _positions(earlier: pa.ChunkedArray, walks: Walks) -> Integers:
    """How many touchpoints of the walk came before the milestone: where the last of them stands, 0 for none."""
    counts: Integers = np.add.reduceat(np.asarray(earlier).astype(np.int64), walks.starts[:-1])
    return np.repeat(counts, walks.lengths)
