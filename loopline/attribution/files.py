"""Files of paths or of touchpoints, CSV or Parquet, read into walks: attribution for people who only have an export.

Paths as ChannelAttribution takes them: `path` (`A > B > C`), `total_conversions`, and where they are known
`total_conversion_value` and `total_null`. Touchpoints: `path_id`, `touched_at`, `channel`, and of the path
`converted_at` (empty where it did not convert), `value`, `lead_created_at`, `opportunity_created_at`.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from loopline.attribution.walks import Integers, Walks, walks_from_texts, walks_from_touches
from loopline.attribution.weigh import Moments

DELIMITERS = (";", "\t", "|", ",")
SEPARATORS = (">", "→", "|", ";", ",")
"""Between the channels of a path: the first of these that any path holds."""
NUMBERS = ("total_conversions", "total_conversion_value", "total_null", "value")
TIMES = ("touched_at", "converted_at", "lead_created_at", "opportunity_created_at")
TEXTS = ("path", "path_id", "channel")
DAY_US = 86_400_000_000


class FileError(ValueError):
    """The file cannot be read as paths or touchpoints; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class FileOfWalks:
    walks: Walks
    moments: Moments
    unattributed: float = 0
    """Conversions without a touchpoint before them."""
    unattributed_value: float = 0


def read_walks(path: Path, lookback_days: int | None = None) -> FileOfWalks:
    """Raises FileError for a file that is not there, is empty, or holds something that cannot be meant."""
    if not path.is_file():
        raise FileError(f"There is no file {path}.")
    with duckdb.connect() as memory:
        memory.execute("SET TimeZone = 'UTC'")
        try:
            names = _open(memory, path)
            if {"path", "total_conversions"} <= names:
                return _of_paths(memory, names)
            if {"path_id", "touched_at", "channel", "converted_at"} <= names:
                return _of_touches(memory, names, lookback_days)
        except duckdb.Error as error:
            raise FileError(_explained(str(error))) from error
    raise FileError(
        f"The columns are {', '.join(sorted(names))}. Name them path, total_conversions and, where known, "
        "total_conversion_value and total_null; or path_id, touched_at, channel, converted_at and value."
    )


def _open(memory: duckdb.DuckDBPyConnection, path: Path) -> set[str]:
    """Makes the file the view `file`, with a `line` and columns of the right kinds; returns their names."""
    quoted = str(path).replace("'", "''")
    with path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    if is_parquet:
        source = f"read_parquet('{quoted}')"
        header = [str(row[0]) for row in memory.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    else:
        delimiter, header = _header(path)
        columns = ", ".join(f"'{place}': 'VARCHAR'" for place in range(len(header)))
        source = (
            f"read_csv('{quoted}', auto_detect = false, skip = 1, delim = '{delimiter}', quote = '\"', escape = '\"', "
            f"columns = {{{columns}}})"
        )
    original = {name.strip().lower(): name if is_parquet else str(place) for place, name in enumerate(header)}
    known = {name: column for name, column in original.items() if name in {*NUMBERS, *TIMES, *TEXTS}}
    memory.execute(f"CREATE VIEW raw AS SELECT row_number() OVER () + 1 AS line, * FROM {source}")
    kinds = {name: _kind(name) for name in known}
    cast = "CAST" if is_parquet else "TRY_CAST"
    told = {name: f'"{column}"' if is_parquet else f"nullif(trim(\"{column}\"), '')" for name, column in known.items()}
    columns = ", ".join(f"{cast}({text} AS {kinds[name]}) AS {name}" for name, text in told.items())
    memory.execute(f"CREATE VIEW file AS SELECT line, {columns or 'NULL AS nothing'} FROM raw")
    if not is_parquet:
        for name, text in told.items():
            _refuse_what_is_no(memory, name, kinds[name], text)
    return set(original)


def _kind(name: str) -> str:
    return "DOUBLE" if name in NUMBERS else "TIMESTAMPTZ" if name in TIMES else "VARCHAR"


def _header(path: Path) -> tuple[str, list[str]]:
    """The delimiter and the names. The delimiter is the one that the first line holds most of."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
    except UnicodeDecodeError as error:
        raise FileError("The file is not written in UTF-8; save it as CSV in UTF-8.") from error
    if not first.strip():
        raise FileError("The file is empty; its first line has to name the columns.")
    delimiter = max(DELIMITERS, key=first.count)
    return delimiter, next(csv.reader([first], delimiter=delimiter))


def _refuse_what_is_no(memory: duckdb.DuckDBPyConnection, name: str, kind: str, column: str) -> None:
    if kind == "VARCHAR":
        return
    what = "a number such as 12 or 12.50" if kind == "DOUBLE" else "a moment such as 2026-03-31T12:00:00Z"
    found = memory.execute(
        f"SELECT line, {column} FROM raw WHERE {column} IS NOT NULL AND TRY_CAST({column} AS {kind}) IS NULL LIMIT 1"
    ).fetchone()
    if found:
        raise FileError(f"Line {found[0]}: {name} is “{found[1]}”; write {what}.")


def _explained(message: str) -> str:
    line = re.search(r"Line: (\d+)", message)
    columns = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if line and columns:
        return f"Line {line[1]} has {columns[2]} columns instead of {columns[1]}. Mend it, or put quotes around a text."
    where = f"Line {line[1]}: " if line else ""
    return f"{where}The file cannot be read: {message.splitlines()[0]}"


def _of_paths(memory: duckdb.DuckDBPyConnection, names: set[str]) -> FileOfWalks:
    counts = ("total_conversions", "total_conversion_value", "total_null")
    columns = ", ".join(f"coalesce({name}, 0)" if name in names else "CAST(0 AS DOUBLE)" for name in counts)
    _refuse(memory, "path IS NULL", "the path is empty; take the line out, or name its channels")
    for name in ("total_conversions", "total_null"):
        if name in names:
            _refuse(memory, f"{name} < 0", f"{name} is negative; counts are zero or more")
    found = _answer(memory, f"SELECT path, {columns} FROM file ORDER BY line")
    if not found.num_rows:
        raise FileError("The file names columns but holds no paths.")
    path, *figures = found.columns
    separator = _separator(memory)
    _refuse(memory, f"list_contains(string_split(replace(path, ' ', ''), '{separator}'), '')",
            f"the path names an empty channel; channels stand between “{separator}”")  # fmt: skip
    return FileOfWalks(walks_from_texts(path, *(np.asarray(one) for one in figures), separator=separator), Moments())


def _separator(memory: duckdb.DuckDBPyConnection) -> str:
    for one in SEPARATORS:
        if memory.execute(f"SELECT 1 FROM file WHERE contains(path, '{one}') LIMIT 1").fetchone():
            return one
    return SEPARATORS[0]


def _of_touches(memory: duckdb.DuckDBPyConnection, names: set[str], lookback_days: int | None) -> FileOfWalks:
    for name in ("path_id", "touched_at", "channel"):
        _refuse(memory, f"{name} IS NULL", f"{name} is empty")
    given = {name: name if name in names else "NULL" for name in ("value", "lead_created_at", "opportunity_created_at")}
    window = "" if lookback_days is None else f"AND touched_at >= converted_at - INTERVAL {int(lookback_days)} DAY"
    within = f"converted_at IS NULL OR (touched_at < converted_at {window})"
    earlier = "CASE WHEN touched_at <= {moment} THEN 1 ELSE 0 END"
    found = _answer(
        memory,
        f"""
        SELECT path_id, channel, converted_at IS NOT NULL AS has_converted,
            (epoch_us(converted_at) - epoch_us(touched_at)) / CAST({DAY_US} AS DOUBLE) AS days_before,
            coalesce(CAST({given["value"]} AS DOUBLE), CAST(0 AS DOUBLE)) AS value,
            {earlier.format(moment=given["lead_created_at"])} AS lead,
            {earlier.format(moment=given["opportunity_created_at"])} AS opportunity
        FROM file WHERE {within} ORDER BY path_id, touched_at, line
        """,
    )
    if not found.num_rows:
        raise FileError("The file holds no touchpoint before a conversion. Look at touched_at and converted_at.")
    lost = memory.execute(
        f"""
        SELECT count(*), coalesce(sum(value), 0) FROM (
            SELECT max({given["value"]}) AS value FROM file WHERE converted_at IS NOT NULL
            GROUP BY path_id HAVING NOT bool_or({within})
        )
        """
    ).fetchone()
    assert lost is not None
    return FileOfWalks(
        *_walks_and_moments(found, given), unattributed=float(lost[0]), unattributed_value=float(lost[1])
    )


def _walks_and_moments(found: pa.Table, given: dict[str, str]) -> tuple[Walks, Moments]:
    ids = found["path_id"].combine_chunks().dictionary_encode().indices
    is_start = np.append(True, np.diff(np.asarray(ids)) != 0)
    has_converted = np.asarray(found["has_converted"]).astype(np.float64)
    walks = walks_from_touches(
        found["channel"], is_start, has_converted, np.asarray(found["value"]) * has_converted, 1 - has_converted
    )
    days = np.nan_to_num(np.asarray(found["days_before"], dtype=np.float64))
    return walks, Moments(
        days_before=days,
        lead_position=_positions(found["lead"], walks) if given["lead_created_at"] != "NULL" else None,
        opportunity_position=_positions(found["opportunity"], walks)
        if given["opportunity_created_at"] != "NULL"
        else None,
    )


def _positions(earlier: pa.ChunkedArray, walks: Walks) -> Integers:
    """How many touchpoints of the walk came before the milestone: where the last of them stands, 0 for none."""
    counts: Integers = np.add.reduceat(np.asarray(earlier).astype(np.int64), walks.starts[:-1])
    return np.repeat(counts, walks.lengths)


def _refuse(memory: duckdb.DuckDBPyConnection, condition: str, why: str) -> None:
    if found := memory.execute(f"SELECT line FROM file WHERE {condition} LIMIT 1").fetchone():
        raise FileError(f"Line {found[0]}: {why}.")


def _answer(memory: duckdb.DuckDBPyConnection, question: str) -> pa.Table:
    return memory.sql(question).to_arrow_table()
