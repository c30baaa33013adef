"""Paths out of two tables, touchpoints and conversions, in no order: for those who export rows, not paths.

Touchpoints: `person_id`, `touched_at`, `channel`. Conversions: `person_id`, `converted_at`, and where they are known
`amount_minor` (whole cents), `lead_created_at`, `opportunity_created_at`. With a third table of identities (`identity`,
`person_id`) touchpoints have an `identity` instead, such as that of a browser, and the third says whose it is.

One join finds which touchpoints lead to which conversion; `in_order.py` puts them in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loopline.attribution.file_lines import FileError, following
from loopline.attribution.in_order import InOrder, in_order
from loopline.attribution.opened import Opened, open_file, refused
from loopline.attribution.paths import DAY_US
from loopline.attribution.walks import Integers, Walks
from loopline.attribution.weigh import Moments
from loopline.attribution.whose import number_of_strangers, open_touches, tell_whose

TOUCHPOINTS = ("touched_at", "channel")
IDENTITIES = ("identity", "person_id")
CONVERSIONS = ("person_id", "converted_at")
MILESTONES = ("lead_created_at", "opportunity_created_at")
MOST_MINOR, MOST_TOGETHER_MINOR = 10**15, 2**53
"""Shares of more, and sums of more, are not exact in doubles."""


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

    @property
    def unattributed_value(self) -> int:
        """The same by the name that it has in a file of walks, whose values need not be cents."""
        return self.unattributed_minor


def read_tables(
    touchpoints: Path,
    conversions: Path,
    lookback_days: int | None = 90,
    *,
    identities: Path | None = None,
    with_everyone: bool = False,
    with_milestones: bool = True,
) -> Paths:
    """`identities`: one that names two people belongs to neither, and one that is not there to nobody who is known.
    `with_everyone`: also what those touched who did not convert. `with_milestones`: where on each path the lead and the
    opportunity were created, where the conversions say it.

    Raises FileError for a file that is not there or lacks a column."""
    with duckdb.connect(config={"threads": 2}) as memory:
        memory.execute("SET TimeZone = 'UTC'")
        who = "person_id" if identities is None else "identity"
        touched = _open(memory, "touchpoints", touchpoints, (who, *TOUCHPOINTS))
        sold = _open(memory, "conversions", conversions, CONVERSIONS)
        if None not in (touched.has_zone, sold.has_zone) and touched.has_zone != sold.has_zone:
            one, other = (touched, sold) if touched.has_zone else (sold, touched)
            raise FileError(
                f"The moments of {one.path.name} have a time zone, those of {other.path.name} have none; "
                "write both with one, such as 2026-03-31T12:00:00Z."
            )
        if identities is not None:
            _open(memory, "identities", identities, IDENTITIES)
        try:
            person_id = open_touches(memory, who)
            _deal(memory, sold, person_id, with_milestones=with_milestones)
            tell_whose(memory, with_identities=identities is not None, with_everyone=with_everyone)
            return _paths(memory, lookback_days, with_everyone)
        except duckdb.Error as error:
            raise refused(error, touchpoints, touched) from error


def _open(memory: duckdb.DuckDBPyConnection, name: str, path: Path, needed: Sequence[str]) -> Opened:
    opened = open_file(memory, path, name, keeps_ids=True)
    if missing := [one for one in needed if one not in opened.names]:
        raise FileError(f"{path.name} lacks {', '.join(missing)}. Its columns are {', '.join(sorted(opened.names))}.")
    return opened


def _deal(memory: duckdb.DuckDBPyConnection, sold: Opened, person_id: str, *, with_milestones: bool) -> None:
    """The table `dealt`: what there is to deal out, each with the number of its walk."""
    if words := sold.too_far():  # numbers of years that are too far apart wrap round unseen
        raise FileError(words)
    amount = "CAST(0 AS BIGINT)"
    if "amount_minor" in sold.names:
        amount = "CAST(coalesce(amount_minor, 0) AS BIGINT)"
        _refuse_too_much(sold)
    told = sold.names if with_milestones else frozenset()
    milestones = ", ".join(f"{f'epoch_us({name})' if name in told else 'NULL'} AS {name}" for name in MILESTONES)
    memory.execute(
        f"""
        CREATE TABLE dealt AS SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS walk_no, {person_id} AS person_id,
            epoch_us(converted_at) AS us, {amount} AS amount, {milestones}
        FROM conversions WHERE converted_at IS NOT NULL
        """
    )


def _refuse_too_much(sold: Opened) -> None:
    sold.refuse({f"amount_minor NOT BETWEEN -{MOST_MINOR} AND {MOST_MINOR}": "amount_minor is more than "
                 f"{MOST_MINOR:,} cents, which cannot be dealt to the cent"})  # fmt: skip
    [(total,)] = sold.memory.execute(
        "SELECT coalesce(sum(abs(CAST(amount_minor AS BIGINT))), 0) FROM conversions"
    ).fetchall()
    if total > MOST_TOGETHER_MINOR:
        raise FileError(
            f"The amounts of {sold.path.name} add up to more than {MOST_TOGETHER_MINOR:,} cents; give fewer."
        )


def _paths(memory: duckdb.DuckDBPyConnection, lookback_days: int | None, with_everyone: bool) -> Paths:
    channels = _channels(memory)
    touches = _touches(memory, _code(memory, channels), lookback_days, with_everyone)
    dealt = memory.execute("SELECT * EXCLUDE person_id FROM dealt ORDER BY walk_no").fetchnumpy()
    return _dealt(dealt, channels, in_order(touches, len(channels)), with_moments=not with_everyone)


def _channels(memory: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    found = memory.execute("SELECT DISTINCT CAST(channel AS VARCHAR) AS name FROM touches ORDER BY name").fetchall()
    channels = tuple(name for (name,) in found if name is not None and name.strip())
    if not channels:
        raise FileError("The file of touchpoints holds no touchpoint with a channel.")
    return channels


def _code(memory: duckdb.DuckDBPyConnection, channels: tuple[str, ...]) -> str:
    """SQL text of a channel's place among `channels`.

    A Parquet file holds a text once and refers to it. DuckDB works a function out once for each such text, but a cast,
    such as to an ENUM, for each row. In a long list it would look too long where texts are not held once.
    """
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in channels)
    if len(channels) <= 256:
        return f"CAST(list_position([{names}], CAST(t.channel AS VARCHAR)) - 1 AS UTINYINT) AS code"
    memory.execute(f"CREATE TYPE channel AS ENUM ({names})")
    return "enum_code(TRY_CAST(t.channel AS channel)) AS code"


def _touches(memory: duckdb.DuckDBPyConnection, code: str, lookback_days: int | None, with_everyone: bool) -> pa.Table:
    """`walk_no`, `before_us` (until the conversion) and `code` (of the channel), in no order.

    Who did not convert has numbers after those of the conversions, and counts the time until the last conversion.
    """
    before = "c.us - epoch_us(t.touched_at)"
    within = f"{before} > 0" if lookback_days is None else f"{before} BETWEEN 1 AND {int(lookback_days) * DAY_US}"
    select = f"SELECT c.walk_no AS walk_no, {before} AS before_us"
    joined = f"FROM touches AS t JOIN whose AS c ON c.who = t.who WHERE {within}"
    if with_everyone:
        number, numbers = number_of_strangers(memory)
        [(count, last_us)] = memory.execute("SELECT count(*), coalesce(max(us), 0) FROM dealt").fetchall()
        select = f"""
            SELECT coalesce(c.walk_no, CAST({count} + coalesce(c.person_no, {number}) AS INTEGER)) AS walk_no,
                coalesce(c.us, {last_us}) - epoch_us(t.touched_at) AS before_us"""
        joined = f"FROM touches AS t LEFT JOIN whose AS c ON c.who = t.who {numbers} WHERE coalesce({within}, TRUE)"
    with following(memory, "joining touchpoints and conversions"):
        found = memory.sql(f"{select}, {code} {joined}").to_arrow_table()
    # Touchpoints that are not whole: to ask for them beforehand takes a tenth of the time, and mostly there are none.
    return found.drop_null() if any(column.null_count for column in found.columns) else found


def _dealt(
    dealt: dict[str, npt.NDArray[np.int64]], channels: tuple[str, ...], found: InOrder, *, with_moments: bool
) -> Paths:
    count = len(dealt["walk_no"])
    known = found.walk_no[: int(np.searchsorted(found.walk_no, count))]
    amounts = np.asarray(dealt["amount"], dtype=np.int64)
    has_converted, value = np.zeros(len(found.walk_no)), np.zeros(len(found.walk_no))
    has_converted[: len(known)] = 1
    value[: len(known)] = amounts[known]
    walks = Walks(channels, found.codes, found.starts, has_converted, value, 1 - has_converted)
    return Paths(
        walks=walks,
        moments=_moments(dealt, found, walks) if with_moments else Moments(),
        amounts=amounts[known],
        unattributed=count - len(known),
        unattributed_minor=int(amounts.sum() - amounts[known].sum()),
    )


def _moments(dealt: dict[str, npt.NDArray[np.int64]], found: InOrder, walks: Walks) -> Moments:
    return Moments(found.before_us, *(_positions(dealt, name, found, walks) for name in MILESTONES))


def _positions(
    dealt: dict[str, npt.NDArray[np.int64]], name: str, found: InOrder, walks: Walks
) -> npt.NDArray[np.int32] | None:
    """How many touchpoints of the walk came before the milestone: where the last of them stands, 0 for none."""
    moments = dealt[name]
    if moments.dtype == object or (np.ma.isMaskedArray(moments) and moments.mask.all()):
        return None
    # Where it is missing it comes before all touchpoints.
    ahead = np.ma.filled(dealt["us"] - moments, np.iinfo(np.int64).max)[found.walk_no]
    positions = np.empty(len(found.before_us), dtype=np.int32)
    for block in walks.blocks():
        touches, part = walks.touches(block), walks.part(block)
        came = found.before_us[touches] >= np.repeat(ahead[block], part.lengths)
        positions[touches] = np.repeat(np.add.reduceat(came, part.starts[:-1], dtype=np.int32), part.lengths)
    return positions
