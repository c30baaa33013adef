"""Closed days of the inbox as Parquet, without addresses, so that the inbox stays small and history can be loaded anew.

`archive/inbox-2026-03-01.parquet` holds the requests committed on that UTC day: one row each, with the number of its
last event. A day is written once all its events are in the event store; days older than a week then leave the inbox.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from loopline.collect.addresses import without_address
from loopline.collect.log import Block, Log
from loopline.collect.request import Flag, Request
from loopline.collect.state import State

KEEP_DAYS = 7
_ROWS_AT_A_TIME = 5_000
_DAY_US = 86_400 * 1_000_000
_SCHEMA = pa.schema(
    [
        ("seq", pa.int64()), ("events", pa.int64()), ("received_us", pa.int64()), ("source_id", pa.string()),
        ("unit_id", pa.string()), ("source", pa.string()), ("call", pa.string()), ("user_agent", pa.string()),
        ("flags", pa.int64()), ("body", pa.binary()), ("place", pa.string()),
    ]
)  # fmt: skip


def tidy(log: Log, state: State, now: datetime) -> None:
    """Archive closed days that are loaded, then forget what is older than a week. Call about once an hour."""
    done = state.position()
    folder = log.folder / "archive"
    oldest = log.oldest_us()
    if oldest is None:
        return
    today = int(now.timestamp() * 1_000_000) // _DAY_US
    for day in range(oldest // _DAY_US, today):
        last = log.last_seq_before((day + 1) * _DAY_US)
        if last is None or last > done:
            return
        path = folder / f"inbox-{_name(day)}.parquet"
        blocks = log.blocks_committed(day * _DAY_US, (day + 1) * _DAY_US)
        if not path.exists() and (first := next(blocks, None)) is not None:
            _write(path, chain([first], blocks))
        if day < today - KEEP_DAYS:
            log.trim(last)
            state.tidy(last)


def restore(log: Log) -> int:
    """Put every archived request back into the inbox under its own number; how many there were.

    With an empty event store the loader then loads all of history anew.
    """
    count = 0
    for path in archived_days(log.folder):
        for seq, request in read_rows(path):
            log.restore(Block(seq, request.events, request.received_us, [request]))
            count += 1
    return count


def archived_days(folder: Path) -> list[Path]:
    """The files of the archive, oldest day first."""
    return sorted((folder / "archive").glob("inbox-*.parquet"))


def read_rows(path: Path) -> Iterator[tuple[int, Request]]:
    """The requests of a day, each with the number of its last event."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_ROWS_AT_A_TIME):
            for row in batch.to_pylist():
                seq = row.pop("seq")
                yield seq, Request(**row)


def _name(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()


def _write(path: Path, blocks: Iterable[Block]) -> None:
    """Write the file whole or not at all: under another name first, and onto the disk before it gets its own."""
    write_rows(path, _rows(blocks)).replace(path)


def write_rows(path: Path, rows: Iterator[dict[str, Any]]) -> Path:
    """The file beside `path` that may take its place, on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        with pq.ParquetWriter(file, _SCHEMA, compression="zstd") as writer:
            while part := list(islice(rows, _ROWS_AT_A_TIME)):
                writer.write_table(pa.Table.from_pylist(part, schema=_SCHEMA))
        file.flush()
        os.fsync(file.fileno())
    return draft


def _rows(blocks: Iterable[Block]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        seq = block.first_seq - 1
        for request in block.requests:
            seq += request.events
            row = msgspec.structs.asdict(request)
            if row.pop("ip"):
                row["flags"] |= Flag.ADDRESS_FORGOTTEN
            yield {**row, "seq": seq, "body": without_address(request.body)}
