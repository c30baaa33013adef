"""Taking one person's events out of all that the collector keeps, so that building anew does not bring them back.

An event that goes leaves its number and an empty form behind: blocks keep their order, their numbers and a checksum,
and an event that is loaded anew is counted as erased. Only blocks that are loaded are written anew, and each part of
this may be repeated.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from loopline.collect.archive import archived_days, read_rows, write_rows
from loopline.collect.log import Block, Log
from loopline.collect.request import ERASED_EVENT, Flag, Request
from loopline.collect.rewriting import rewriting
from loopline.collect.state import State
from loopline.collect.steps.sessions import visitor_key
from loopline.collect.theirs import Theirs

AT_A_TIME = 5_000


class _Batch(msgspec.Struct, omit_defaults=True):
    """What the steps read of a batch; each event stays as it was written."""

    batch: list[msgspec.Raw]
    context: msgspec.Raw = msgspec.Raw(b"")
    sentAt: msgspec.Raw = msgspec.Raw(b"")  # noqa: N815 - Segment's name


_decode = msgspec.json.Decoder(_Batch).decode


def erase_from_log(log: Log, theirs: Theirs, upto_seq: int) -> int:
    """Take their events up to `upto_seq`, which is loaded, out of the inbox; how many went."""
    position, gone = 0, 0
    with rewriting(log.folder):
        while (end := log.end_of_stretch(position, AT_A_TIME, upto_seq)) is not None:
            blocks = log.read(position, end)
            changed = [(block, *_without(block.requests, theirs)) for block in blocks]
            new = [Block(one.seq, one.events, one.committed_us, rest) for one, rest, count in changed if count]
            if new:
                log.write_back(new, forgotten_upto=log.forgotten_upto())
            position, gone = end, gone + sum(count for _, _, count in changed)
    return gone


def erase_from_archive(folder: Path, theirs: Theirs) -> int:
    """The same in the archived days; a day without an event of theirs is not touched."""
    gone = 0
    with rewriting(folder):
        for path in archived_days(folder):
            with pq.ParquetFile(path) as file:
                holds = any(
                    theirs.may_be_in(body)
                    for batch in file.iter_batches(batch_size=AT_A_TIME, columns=["body"])
                    for body in batch.column("body").to_pylist()
                )
            gone += _erase_from_day(path, theirs) if holds else 0
    return gone


def _erase_from_day(path: Path, theirs: Theirs) -> int:
    gone = 0

    def rows() -> Iterator[dict[str, object]]:
        nonlocal gone
        for seq, request in read_rows(path):
            [rest], count = _without([request], theirs)
            gone += count
            yield {**msgspec.structs.asdict(rest), "seq": seq}

    draft = write_rows(path, rows())
    if gone:
        draft.replace(path)
    else:
        draft.unlink()
    return gone


def erase_from_state(state: State, theirs: Theirs, unit_ids: Sequence[str], upto_seq: int) -> int:
    """What the loader remembers of them: quarantine, signals, open sessions. How many events were set aside."""
    sql = "SELECT seq, raw, envelope, quarantined_us FROM quarantine WHERE seq <= ?"
    found = [
        seq for seq, raw, envelope, at_us in state.select(sql, upto_seq)
        if theirs.may_be_in(raw + envelope) and theirs.is_about(raw, at_us, envelope)
    ]  # fmt: skip
    _remove(state, "quarantine", found)
    forget_signals(state, theirs, upto_seq)
    keys = [visitor_key(unit, one) for unit in unit_ids for one in (*theirs.visitors, *theirs.users)]
    state.change("DELETE FROM sessions WHERE visitor IN (SELECT value FROM json_each(?))", json.dumps(keys))
    return len(found)


def forget_signals(state: State, theirs: Theirs, upto_seq: int) -> None:
    """What the reactor has not heard yet of them it will not hear."""
    waiting = [one for one in state.signals(0, 1 << 40) if one.seq <= upto_seq]
    own = theirs.users, theirs.visitors
    found = [
        one.seq for one in waiting
        if one.email in theirs.emails or one.user_id in own[0] or one.visitor_id in own[1]
        or theirs.is_about(msgspec.json.encode([one.traits, one.properties]), 0)
    ]  # fmt: skip
    _remove(state, "signals", found)


def _remove(state: State, table: str, numbers: Sequence[int]) -> None:
    if numbers:
        state.change(f"DELETE FROM {table} WHERE seq IN (SELECT value FROM json_each(?))", json.dumps(list(numbers)))


def without_theirs(body: bytes, theirs: Theirs) -> tuple[bytes, int]:
    """A batch that waits to be sent, without their events; how many are left."""
    said = _decode(body)
    rest = [raw for raw in said.batch if not theirs.is_about(bytes(raw), 0)]
    return msgspec.json.encode(msgspec.structs.replace(said, batch=rest)), len(rest)


def _without(requests: Sequence[Request], theirs: Theirs) -> tuple[list[Request], int]:
    """The requests with an empty form in the place of each event of theirs; how many those are."""
    rest, gone = [], 0
    for request in requests:
        bodies, count = _emptied(request, theirs) if theirs.may_be_in(request.body) else (request.body, 0)
        gone += count
        if not count:
            rest.append(request)
            continue
        change: Mapping[str, object] = {"body": bodies, "flags": request.flags | Flag.PARTS_ERASED}
        if count == request.events:
            change = {**change, "ip": "", "user_agent": "", "place": ""}
        rest.append(msgspec.structs.replace(request, **change))
    return rest, gone


def _emptied(request: Request, theirs: Theirs) -> tuple[bytes, int]:
    if request.call != "batch":
        is_theirs = request.body != ERASED_EVENT and theirs.is_about(request.body, request.received_us)
        return (ERASED_EVENT, 1) if is_theirs else (request.body, 0)
    try:
        said = _decode(request.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):  # set aside whole; it goes whole, too
        said = _Batch([msgspec.Raw(request.body)] * request.events)
    gone = [
        bytes(raw) != ERASED_EVENT and theirs.is_about(bytes(raw), request.received_us, bytes(said.context))
        for raw in said.batch
    ]
    if not any(gone):
        return request.body, 0
    parts = [msgspec.Raw(ERASED_EVENT) if goes else raw for raw, goes in zip(said.batch, gone, strict=True)]
    is_empty = all(bytes(one) == ERASED_EVENT for one in parts)
    new = _Batch(parts) if is_empty else msgspec.structs.replace(said, batch=parts)
    return msgspec.json.encode(new), sum(gone)
