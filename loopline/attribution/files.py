"""Files of paths or of touchpoints, CSV or Parquet, read into walks: attribution for people who only have an export.

Paths as ChannelAttribution takes them: `path` (`A > B > C`), `total_conversions`, and where they are known
`total_conversion_value` and `total_null`. Touchpoints: see `files_of_touches.py`.
"""

from pathlib import Path

import duckdb
import numpy as np

from loopline.attribution.file_lines import FileError, following
from loopline.attribution.files_of_touches import NEEDED, FileOfWalks, of_touches
from loopline.attribution.opened import MOST, Opened, open_file, refused
from loopline.attribution.walks import Walks, walks_from_texts
from loopline.attribution.weigh import Moments

SEPARATORS = (">", "→", "|", ";", ",")
"""Between the channels of a path: the first of these that any path holds."""
ARROWS = ("->", "=>")
"""In place of “>”, where it never stands without the sign before it."""
TOTALS = frozenset(("total", "totals", "grand total", "sum", "summe", "gesamt", "gesamtergebnis"))
PATHS = ("path", "total_conversions")
_VALUE = "total_conversion_value"
COUNTS = ("total_conversions", _VALUE, "total_null")
_WORTH_WITHOUT = f"coalesce(total_conversions, 0) = 0 AND {_VALUE} <> 0"
"""The value is that of the conversions beside it. Without one it is of a path that nobody walked: the chain would count
what it is worth and not how often it was walked, and others give it to its channels."""


def read_walks(path: Path, lookback_days: int | None = None) -> FileOfWalks:
    """`lookback_days` is of touchpoints: paths have no moments.

    Raises FileError for a file that is not there, is empty, or holds something that cannot be meant.
    """
    with duckdb.connect() as memory:
        memory.execute("SET TimeZone = 'UTC'")
        file = open_file(memory, path, "file")
        try:
            if file.names >= {*PATHS}:
                if lookback_days is not None:
                    raise FileError("Paths do not say when they were walked, so they have no lookback window; leave "
                                    "--lookback out, or give touchpoints.")  # fmt: skip
                return _of_paths(file)
            if file.names >= {*NEEDED}:
                return of_touches(file, lookback_days)
        except duckdb.Error as error:
            raise refused(error, path, file) from error
    raise FileError(_lacking(file))


def _lacking(file: Opened) -> str:
    """Which columns a file of neither kind would need to be of the kind that it is nearer to."""
    told = f"The columns are {', '.join(sorted(file.names))}."
    of_path, of_touch = ({*needed} & file.names for needed in (PATHS, NEEDED))
    if of_touch and len(of_touch) >= len(of_path):
        lacks = ", ".join(name for name in NEEDED if name not in file.names)
        also = "; it is empty where a path did not convert" if "converted_at" not in file.names else ""
        return f"{told} Of touchpoints there should also be {lacks}{also}. Or give conversions with --conversions."
    return (
        f"{told} Name them path, total_conversions and, where known, total_conversion_value and total_null; "
        "or path_id, touched_at, channel, converted_at and value."
    )


def _of_paths(file: Opened) -> FileOfWalks:
    columns = ", ".join(f"coalesce({name}, 0)" if name in file.names else "CAST(0 AS DOUBLE)" for name in COUNTS)
    counts = [name for name in ("total_conversions", "total_null") if name in file.names]
    separator = _separator(file)
    file.refuse(
        {
            "path IS NULL": "the path is empty; take the line out, or name its channels",
            **{
                f"abs({name}) > {MOST}": f"{name} is more than {MOST:,}, beside which nothing else would count"
                for name in COUNTS
                if name in file.names
            },
            **{f"{name} < 0": f"{name} is negative; counts are zero or more" for name in counts},
            **(
                {
                    _WORTH_WITHOUT: "total_conversion_value is not 0 where total_conversions is 0; a value is what "
                    "conversions were worth: count them, or leave the value out"
                }
                if _VALUE in file.names
                else {}
            ),
            f"list_contains(string_split(replace(path, ' ', ''), '{separator}'), '')": "the path names an empty "
            f"channel; channels stand between “{separator}”",
        }
    )
    with following(file.memory, f"reading {file.path.name}"):
        found = file.memory.sql(f"SELECT path, {columns} FROM file_lines ORDER BY line").to_arrow_table()
    if not found.num_rows:
        raise FileError("The file names columns but holds no paths.")
    path, *figures = found.columns
    walks = walks_from_texts(path, *(np.asarray(one) for one in figures), separator=separator)
    _refuse_total(file, walks)
    return FileOfWalks(walks, Moments(), has_value=_VALUE in file.names)


def _separator(file: Opened) -> str:
    for one in SEPARATORS:
        if found := file.memory.execute(f"SELECT path FROM file WHERE contains(path, '{one}') LIMIT 1").fetchall():
            return _arrow(file, found[0][0]) if one == SEPARATORS[0] else one
    return SEPARATORS[0]


def _arrow(file: Opened, path: str) -> str:
    for arrow in ARROWS:
        if arrow in path:
            alone = f"contains(replace(path, '{arrow}', ''), '>')"
            return ">" if file.memory.execute(f"SELECT 1 FROM file WHERE {alone} LIMIT 1").fetchall() else arrow
    return ">"


def _refuse_total(file: Opened, walks: Walks) -> None:
    """A line that sums up the others would double them all, as a channel of its own.

    Raises FileError where there is one.
    """
    named = [place for place, channel in enumerate(walks.channels) if channel.lower() in TOTALS]
    alone = np.flatnonzero(walks.lengths == 1)
    sums = alone[np.isin(walks.codes[walks.starts[alone]], named)] if named else alone[:0]
    total = walks.conversions.sum()
    for walk in sums:
        if total and np.isclose(2 * walks.conversions[walk], total, rtol=1e-9, atol=0):
            [(line,)] = file.memory.execute(
                f"SELECT line FROM file_lines ORDER BY line LIMIT 1 OFFSET {walk}"
            ).fetchall()
            raise file.refusal(line, "looks like the total of all others, and would count as a channel; take it out")
