"""Events that were set aside, and their way back."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from loopline.collect.balance import DUPLICATE
from loopline.collect.json_text import clean_value
from loopline.collect.log import Block, Log
from loopline.collect.request import Flag, Request
from loopline.collect.state import State
from loopline.collect.steps import run_steps
from loopline.collect.unsound import lenient, sound_or_wrapped
from loopline.collect.work import Work

Fix = Callable[[dict[str, Any]], dict[str, Any]]
_FIELDS = "seq, step, reason, detail, raw, envelope, request, quarantined_us, replayed_us"
_request = msgspec.msgpack.Decoder(Request).decode


class MendError(ValueError):
    """The event would be set aside or left out again; the message says why."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    id: int
    """Its number in the inbox."""
    step: str
    reason: str
    detail: str
    raw: bytes
    """The event as it came."""
    envelope: bytes
    """`context` and `sentAt` of its batch, JSON; empty for a single call."""
    request: Request
    """The request it came with, without body and address."""
    quarantined_at: datetime
    replayed_at: datetime | None


class Quarantine:
    def __init__(self, state: State, log: Log) -> None:
        self._state = state
        self._log = log

    def waiting(self, *, reason: str = "", limit: int = 100) -> list[Quarantined]:
        """Events not yet replayed, newest first."""
        where = "replayed_us IS NULL AND (?1 = '' OR reason = ?1)"
        sql = f"SELECT {_FIELDS} FROM quarantine WHERE {where} ORDER BY seq DESC LIMIT ?2"
        return [_read(row) for row in self._state.select(sql, reason, limit)]

    def counts(self) -> dict[str, int]:
        """How many wait, by reason."""
        sql = "SELECT reason, count(*) FROM quarantine WHERE replayed_us IS NULL GROUP BY reason ORDER BY 2 DESC"
        return dict(self._state.select(sql))

    def find(self, number: int) -> Quarantined | None:
        """One event, replayed or not."""
        rows = self._state.select(f"SELECT {_FIELDS} FROM quarantine WHERE seq = ?", number)
        return _read(rows[0]) if rows else None

    def mend(self, one: Quarantined, event: dict[str, Any]) -> None:
        """Send `event` through the inbox in place of one that waits.

        Raises MendError, which says what is still wrong, when the steps would not take it; nothing is sent then.
        """
        if one.replayed_at is not None:
            raise MendError("This event was sent through again already.")
        request = _instead(one, event)
        if problem := self._problem_with(request):
            raise MendError(problem)
        self._log.append_now([request])
        self._state.change("UPDATE quarantine SET replayed_us = ? WHERE seq = ?", time.time_ns() // 1000, one.id)

    def _problem_with(self, request: Request) -> str:
        """What the steps would have against it as things stand; empty when they would store it. Changes nothing."""
        work = run_steps(Work([Block(0, 1, request.received_us, [request])], self._state))
        if work.quarantined:
            return work.quarantined[0].detail
        dropped = {reason for _, reason in work.dropped}
        if DUPLICATE in dropped:
            return "An event with this messageId is stored already. Give this one its own, if it is another."
        return f"It would be left out: {', '.join(dropped)}." if dropped else ""

    def replay(self, ids: Sequence[int] | None = None, fix: Fix | None = None) -> int:
        """Send events through the inbox once more: those in `ids`, or all that wait. Returns how many.

        `fix` changes the event (a dictionary) on its way. One that is still wrong comes back here with a new number.
        Replaying twice after a crash stores once: an event without messageId gets one from its number. Raises
        ValueError, naming the event, when `fix` is given and the event is no JSON object; nothing is replayed then.
        """
        sql = f"SELECT {_FIELDS} FROM quarantine WHERE replayed_us IS NULL ORDER BY seq"
        chosen = [one for one in map(_read, self._state.select(sql)) if ids is None or one.id in set(ids)]
        requests = [_again(one, fix) for one in chosen]
        if not requests:
            return 0
        self._log.append_now(requests)
        now = time.time_ns() // 1000
        for one in chosen:
            self._state.change("UPDATE quarantine SET replayed_us = ? WHERE seq = ?", now, one.id)
        return len(chosen)


def _read(row: tuple[Any, ...]) -> Quarantined:
    seq, step, reason, detail, raw, envelope, request, quarantined_us, replayed_us = row
    replayed_at = None if replayed_us is None else datetime.fromtimestamp(replayed_us / 1e6, UTC)
    quarantined_at = datetime.fromtimestamp(quarantined_us / 1e6, UTC)
    return Quarantined(seq, step, reason, detail, raw, envelope, _request(request), quarantined_at, replayed_at)


def _again(one: Quarantined, fix: Fix | None) -> Request:
    """A request that holds this event alone, changed by `fix`."""
    try:
        event = clean_value(lenient(one.raw))
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        if fix is not None:
            raise ValueError(f"Event {one.id} is no JSON object and cannot be changed; replay it without a change.")
        body = b'{"batch":[' + sound_or_wrapped(one.raw)[0] + b"]}"
        return msgspec.structs.replace(one.request, body=body, call="batch", events=1)
    return _instead(one, event if fix is None else fix(event))


def _instead(one: Quarantined, event: dict[str, Any]) -> Request:
    """A request that holds `event` alone, with the time, headers and batch of the first arrival."""
    event = {**event, "messageId": event.get("messageId") or f"quarantine-{one.id}"}
    call, body = one.request.call, msgspec.json.encode(event)
    if call == "batch":
        envelope = json.loads(one.envelope) if one.envelope else {}
        body = msgspec.json.encode({**envelope, "batch": [event]})
    flags = one.request.flags | Flag.REPLAYED
    return msgspec.structs.replace(one.request, body=body, call=call, events=1, flags=flags)
