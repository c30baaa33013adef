"""When it happened, by our clock.

A browser's clock may be wrong by minutes or years. `sentAt` was read from the same clock as `timestamp`, so their
difference is right, and the event happened that long before we received it (the correction Segment documents).
A server's clock is believed, unless it is off by more than a minute: its timestamps are often history.
"""

from datetime import UTC, datetime
from functools import lru_cache

from loopline.collect.event_form import Event, Text
from loopline.collect.work import Item, Work

_SECOND = 1_000_000
_SERVER_TOLERANCE_US = 60 * _SECOND
_CLAMP_US = 24 * 3600 * _SECOND
_EARLIEST_US = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp()) * _SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = (datetime(1970, 1, 1, microsecond=1, tzinfo=UTC) - _EPOCH).resolution


def correct_clock(work: Work) -> None:
    """Set `occurred_us`; quarantine dates that cannot be read, lie more than a day ahead or before 1990."""
    kept: list[Item] = []
    for item in work.items:
        try:
            problem = _correct(item)
        except (ValueError, OverflowError) as error:
            problem = "invalid_date", str(error)
        if problem:
            work.quarantine(item, *problem)
        else:
            kept.append(item)
    work.items = kept


def _correct(item: Item) -> tuple[str, str] | None:
    event = item.event
    sent_at = event.sentAt
    if sent_at is None and item.envelope is not None:
        sent_at = item.envelope.sentAt
    # RudderStack's libraries stamp originalTimestamp when they are called; what the caller says is in timestamp.
    said = event.timestamp if event.timestamp is not None else event.originalTimestamp
    if said is None and sent_at is None:
        return None
    received = item.request.received_us
    item.corrections = corrections = _as_sent(event, sent_at, received)
    if said is None:
        return None
    occurred = _microseconds(said)
    if sent_at is not None:
        skew = received - _microseconds(sent_at)
        if item.request.source == "browser" or abs(skew) > _SERVER_TOLERANCE_US:
            occurred += skew
    if occurred > received:
        if occurred - received > _CLAMP_US:
            return "future_date", f"{said} lies more than a day ahead of {_iso(received)}."
        corrections["clamped"] = True
        occurred = received
    if occurred < _EARLIEST_US:
        return "implausible_date", f"{said} lies before 1990."
    item.occurred_us = occurred
    return None


def _as_sent(event: Event, sent_at: Text, received_us: int) -> dict[str, object]:
    """The times of an event as its sender wrote them, and when it came: whoever doubts a correction can redo it."""
    times: dict[str, object] = {}
    if event.timestamp is not None:
        times["timestamp"] = event.timestamp
    if event.originalTimestamp is not None:
        times["originalTimestamp"] = event.originalTimestamp
    if sent_at is not None:
        times["sentAt"] = sent_at
    times["receivedAt"] = _received_at(received_us)
    return times


@lru_cache(maxsize=64)  # the events of a request share it
def _received_at(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / _SECOND, UTC).isoformat(timespec="milliseconds")


@lru_cache(maxsize=4096)
def _microseconds(value: Text) -> int:
    """ISO 8601 text (without a zone: UTC), or seconds or milliseconds since 1970, as microseconds since 1970."""
    if isinstance(value, int | float):
        return int(value * (1_000 if abs(value) > 1e11 else _SECOND))
    try:
        moment = datetime.fromisoformat((value or "").strip())
    except ValueError as error:
        raise ValueError(f"“{str(value)[:60]}” is not a date; write it like 2026-03-01T12:00:00Z") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def _iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / _SECOND, UTC).isoformat(timespec="seconds")
