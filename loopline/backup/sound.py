"""Whether the parts of a copy belong to one moment. A copy of which they do not is thrown away, never kept."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from pysqlite3 import dbapi2 as sqlite

from loopline.backup import BackupError
from loopline.backup.contents import RECORDS
from loopline.backup.manifest import Records
from loopline.collect.loader import CURSOR
from loopline.lib.times import from_micros
from loopline.store.library import TABLES


@dataclass(frozen=True, slots=True)
class Stored:
    """What the copied event store says of itself."""

    schema: int = 0
    horizon: datetime | None = None
    loaded_upto: int = 0
    """Number of the last event it holds."""
    highest_version: int = 0
    """Number of the last row of the outbox it holds."""


def look_at_store(path: Path) -> Stored:
    """Raises duckdb.Error for a file that cannot be read."""
    with closing(duckdb.connect(str(path), read_only=True)) as connection:

        def one(sql: str) -> int:
            [(value,)] = connection.execute(sql).fetchall()
            return int(value or 0)

        there = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        versions = [one(f"SELECT max(version) FROM {key}") for key in TABLES if key.endswith("_facts") and key in there]
        horizon = one("SELECT epoch_us(max(recorded_at)) FROM batches")
        return Stored(
            schema=one("SELECT max(version) FROM schema_version"),
            horizon=from_micros(horizon) if horizon else None,
            loaded_upto=one(f"SELECT max(position) FROM cursors WHERE name = '{CURSOR}'"),
            highest_version=max(versions, default=0),
        )


def refuse_unsound(folder: Path, stored: Stored, records: Records) -> None:
    """Raises BackupError where one part names what another, which should, does not hold."""
    received = _one(folder / "inbox.sqlite", "SELECT max(seq) FROM blocks")
    remembered = _one(folder / "collect.sqlite", "SELECT seq FROM position")
    given = records.counters.get("facts_outboxrow_id_seq", 0) if records.kind == "postgresql" else _given(folder)
    for holds, what, most, where in (
        (stored.loaded_upto, "the event store holds events up to", received, "the inbox ends at"),
        (remembered, "outcomes are remembered of events up to", stored.loaded_upto, "the event store ends at"),
        (stored.highest_version, "the event store holds facts up to", given, "the outbox ends at"),
    ):
        if holds > most:
            raise BackupError(
                f"the parts of the copy do not fit together: {what} number {holds:,}, and {where} {most:,}. Nothing of "
                "it was kept. Run `loopline doctor`: the data itself may not fit together."
            )


def _given(folder: Path) -> int:
    return _one(folder / RECORDS, "SELECT seq FROM sqlite_sequence WHERE name = 'facts_outboxrow'")


def _one(path: Path, sql: str) -> int:
    if not path.exists():
        return 0
    with closing(sqlite.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as connection:
        row = connection.execute(sql).fetchone()
        return int(row[0] or 0) if row else 0
