"""Paths out of two tables, touchpoints and conversions, in no order: for those who export rows, not paths.

Touchpoints: `person_id`, `touched_at`, `channel`. Conversions: `person_id`, `converted_at`, and where they are known
`amount_minor` (whole cents), `lead_created_at`, `opportunity_created_at`.

One join finds which touchpoints lead to which conversion. Then walk, moment and channel of each are packed into one
number, because forty million numbers are sorted in half a second, and as many rows in ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from loopline.attribution.files import DAY_US, FileError
from loopline.attribution.walks import Integers, Walks
from loopline.attribution.weigh import Moments

TOUCHPOINTS = ("person_id", "touched_at", "channel")
CONVERSIONS = ("person_id", "converted_at")
MILESTONES = ("lead_created_at", "opportunity_created_at")


@dataclass(frozen=True, slots=True)
class Paths:
    walks: Walks
    """First the walks that converted, in the order of their conversions; then, where asked for, everyone else's."""
    moments: Moments
    """Of the walks that converted, where nobody else's are there."""
    amounts: Integers
    """Whole cents of each walk that converted."""
    unattributed: int
    """Conversions without a touchpoint in their window."""
    unattributed_minor: int


@dataclass(frozen=True, slots=True)
class _Packing:
    """How walk, moment and channel are packed: `walk << (time + channel) | moment << channel | channel`, in bits."""

    from_us: int
    step_us: int
    time: int
    channel: int
    people: int
    """Bits of walks."""

    @property
    def fits(self) -> bool:
        return self.people + self.time + self.channel <= 63


def read_tables(
    touchpoints: Path,
    conversions: Path,
    lookback_days: int | None = 90,
    *,
    with_everyone: bool = False,
    with_milestones: bool = True,
) -> Paths:
    """`with_everyone`: also what those touched who did not convert. `with_milestones`: where on each path the lead and
    the opportunity were created, where the conversions say it.

    Raises FileError for a file that is not there or lacks a column."""
    with duckdb.connect(config={"threads": 2}) as memory:
        memory.execute("SET TimeZone = 'UTC'")
        try:
            _open(memory, "touchpoints", touchpoints, TOUCHPOINTS)
            names = _open(memory, "conversions", conversions, CONVERSIONS)
            names -= set() if with_milestones else set(MILESTONES)
            return _paths(memory, names, lookback_days, with_everyone)
        except duckdb.Error as error:
            raise FileError(f"The files cannot be read: {str(error).splitlines()[0]}") from error


def _open(memory: duckdb.DuckDBPyConnection, name: str, path: Path, needed: Sequence[str]) -> set[str]:
    if not path.is_file():
        raise FileError(f"There is no file {path}.")
    quoted = str(path).replace("'", "''")
    with path.open("rb") as file:
        reader = "read_parquet" if file.read(4) == b"PAR1" else "read_csv"
    memory.execute(f"CREATE VIEW {name} AS SELECT * FROM {reader}('{quoted}')")
    columns = {str(row[0]) for row in memory.execute(f"DESCRIBE {name}").fetchall()}
    if missing := [one for one in needed if one not in columns]:
        raise FileError(f"{path.name} lacks {', '.join(missing)}. Its columns are {', '.join(sorted(columns))}.")
    return columns


def _paths(memory: duckdb.DuckDBPyConnection, names: set[str], lookback_days: int | None, with_everyone: bool) -> Paths:
    amount = "CAST(coalesce(amount_minor, 0) AS BIGINT)" if "amount_minor" in names else "CAST(0 AS BIGINT)"
    moments = ", ".join(f"{f'epoch_us({name})' if name in names else 'NULL'} AS {name}" for name in MILESTONES)
    memory.execute(
        f"""
        CREATE TABLE dealt AS SELECT row_number() OVER () - 1 AS walk_no, person_id, epoch_us(converted_at) AS us,
            {amount} AS amount, {moments} FROM conversions WHERE converted_at IS NOT NULL
        """
    )
    window = "" if lookback_days is None else f"AND epoch_us(t.touched_at) >= c.us - {int(lookback_days)} * {DAY_US}"
    packing, channels = _packing(memory, with_everyone)
    packed = _packed(memory, packing, window, with_everyone)
    return _unpacked(memory, packing, packed, channels)


def _packing(memory: duckdb.DuckDBPyConnection, with_everyone: bool) -> tuple[_Packing, tuple[str, ...]]:
    """How to pack, and the channels, which become the type `channel`: one look at all touchpoints tells both."""
    found = memory.execute(
        "SELECT CAST(channel AS VARCHAR), min(epoch_us(touched_at)), max(epoch_us(touched_at)), "
        "bool_and(epoch_us(touched_at) % 1000000 = 0) FROM touchpoints "
        "WHERE channel IS NOT NULL AND touched_at IS NOT NULL GROUP BY ALL ORDER BY 1"
    ).fetchall()
    if not found:
        raise FileError("The file of touchpoints holds no touchpoint with a channel and a moment.")
    channels = tuple(row[0] for row in found)
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in channels)
    memory.execute(f"CREATE TYPE channel AS ENUM ({names})")
    first, last = min(row[1] for row in found), max(row[2] for row in found)
    # In seconds where they tell all moments apart: fewer bits, so that more people fit.
    step = 1_000_000 if all(row[3] for row in found) else 1
    walks = _numbered(memory) if with_everyone else 0
    [(count,)] = memory.execute("SELECT count(*) FROM dealt").fetchall()
    packing = _Packing(
        from_us=first,
        step_us=step,
        time=((last - first) // step).bit_length(),
        channel=max(1, (len(channels) - 1).bit_length()),
        people=(count + walks).bit_length(),
    )
    return packing, channels


def _numbered(memory: duckdb.DuckDBPyConnection) -> int:
    """The table `everyone` numbers people, from 0; how many numbers there are.

    Ids that are small numbers already are taken as they are, and the table is empty.
    """
    memory.execute("CREATE TABLE everyone (person_id VARCHAR, person_no BIGINT)")
    found = memory.execute(
        "SELECT any_value(typeof(person_id)) LIKE '%INT%', min(person_id), max(person_id) FROM touchpoints"
    ).fetchone()
    assert found is not None
    is_number, least, most = found
    if is_number and least >= 0 and most < 2**26:
        return int(most) + 1
    memory.execute(
        "INSERT INTO everyone SELECT CAST(person_id AS VARCHAR), row_number() OVER () - 1 "
        "FROM (SELECT DISTINCT person_id FROM touchpoints)"
    )
    [(count,)] = memory.execute("SELECT count(*) FROM everyone").fetchall()
    return int(count)


def _packed(
    memory: duckdb.DuckDBPyConnection, packing: _Packing, window: str, with_everyone: bool
) -> npt.NDArray[np.int64]:
    """The touchpoints, walk after walk, oldest first; of one moment in the order of their channels."""
    if not packing.fits:
        raise FileError("There are too many people over too long a time for one table; give the years one by one.")
    [(count,)] = memory.execute("SELECT count(*) FROM dealt").fetchall()
    within = f"t.channel IS NOT NULL AND epoch_us(t.touched_at) < c.us {window}"

    walk, join, where, numbers = "c.walk_no", "JOIN", within, ""
    if with_everyone:
        [(named,)] = memory.execute("SELECT count(*) FROM everyone").fetchall()
        number = "e.person_no" if named else "t.person_id"
        numbers = "LEFT JOIN everyone AS e ON e.person_id = CAST(t.person_id AS VARCHAR)" if named else ""
        walk = f"coalesce(c.walk_no, {count} + {number})"
        join, where = (
            "LEFT JOIN",
            f"t.channel IS NOT NULL AND t.touched_at IS NOT NULL AND (c.walk_no IS NULL OR ({within}))",
        )
    found = memory.execute(
        f"""
        SELECT ({walk} << {packing.time + packing.channel})
            | (((epoch_us(t.touched_at) - {packing.from_us}) // {packing.step_us}) << {packing.channel})
            | enum_code(CAST(t.channel AS channel)) AS packed
        FROM touchpoints AS t {join} dealt AS c ON c.person_id = t.person_id {numbers} WHERE {where}
        """
    ).fetchnumpy()["packed"]
    packed: npt.NDArray[np.int64] = np.asarray(found, dtype=np.int64)
    packed.sort()
    return packed


def _unpacked(
    memory: duckdb.DuckDBPyConnection, packing: _Packing, packed: npt.NDArray[np.int64], channels: tuple[str, ...]
) -> Paths:
    dealt = memory.execute("SELECT * EXCLUDE person_id FROM dealt ORDER BY walk_no").fetchnumpy()
    kind = np.uint8 if packing.channel <= 8 else np.int32
    codes: npt.NDArray[np.integer] = (packed & ((1 << packing.channel) - 1)).astype(kind)
    is_start = np.ones(len(packed), dtype=bool)
    np.greater_equal(packed[1:] ^ packed[:-1], 1 << (packing.time + packing.channel), out=is_start[1:])
    firsts = np.flatnonzero(is_start)
    walk = packed[firsts] >> (packing.time + packing.channel)
    count, everyone = len(dealt["walk_no"]), len(firsts)
    known = walk[: int(np.searchsorted(walk, count))]
    amounts = np.asarray(dealt["amount"], dtype=np.int64)
    has_converted = np.zeros(everyone)
    has_converted[: len(known)] = 1
    value = np.zeros(everyone)
    value[: len(known)] = amounts[known]
    starts = np.append(firsts, len(packed)).astype(np.int64)
    walks = Walks(channels, codes, starts, has_converted, value, 1 - has_converted)
    moments = Moments()
    if len(known) == everyone and everyone:
        moments = _moments(dealt, packing, packed, known, starts)
    return Paths(walks, moments, amounts[known], count - len(known), int(amounts.sum() - amounts[known].sum()))


def _moments(
    dealt: dict[str, npt.NDArray[np.int64]],
    packing: _Packing,
    packed: npt.NDArray[np.int64],
    known: Integers,
    starts: Integers,
) -> Moments:
    touched = ((packed >> packing.channel) & ((1 << packing.time) - 1)) * packing.step_us + packing.from_us
    lengths = np.diff(starts)

    def earlier(name: str) -> Integers | None:
        found = dealt[name]
        if found.dtype == object or (np.ma.isMaskedArray(found) and found.mask.all()):
            return None
        moment = np.repeat(np.ma.filled(found, np.iinfo(np.int64).min)[known], lengths)
        return np.repeat(np.add.reduceat((touched <= moment).astype(np.int64), starts[:-1]), lengths)

    return Moments(
        days_before=(np.repeat(np.asarray(dealt["us"])[known], lengths) - touched) / DAY_US,
        lead_position=earlier("lead_created_at"),
        opportunity_position=earlier("opportunity_created_at"),
    )
