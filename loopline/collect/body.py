"""Reading a request body: unpack, check that it is JSON of the right shape, count its events. Nothing more.

The events inside are checked later by the loader's steps, where a bad one goes to the quarantine without harming
its neighbours. Here only what makes the whole body unreadable is refused.
"""

import json
import zlib
from dataclasses import dataclass

import msgspec

from loopline.collect.json_text import clean_text, clean_value
from loopline.collect.unsound import lenient, sound_or_wrapped, split_batch

MAX_BYTES = 1 << 20
"""Largest body, packed or unpacked."""
_MAX_EVENTS = 5_000
_GZIP_MAGIC = b"\x1f\x8b"


class UnreadableError(ValueError):
    """The body cannot be used; `code` is for programs, the message for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Body:
    data: bytes
    """JSON object in UTF-8."""
    events: int
    write_key: str


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw]
    writeKey: str | None = None  # noqa: N815 - the name in the Segment form


class _Single(msgspec.Struct):
    writeKey: str | None = None  # noqa: N815 - the name in the Segment form


_decode_batch = msgspec.json.Decoder(_Batch).decode
_decode_single = msgspec.json.Decoder(_Single).decode


def too_large() -> UnreadableError:
    message = "The body is larger than 1 MB. Send fewer events in each batch."
    return UnreadableError(413, "body_too_large", message)


def read_body(data: bytes, *, is_batch: bool) -> Body:
    """The checked body. Raises UnreadableError: 413 when too large, 400 when it is no JSON object of this call."""
    if data[:2] == _GZIP_MAGIC:
        data = _gunzip(data)
    if len(data) > MAX_BYTES:
        raise too_large()
    try:
        return _check(data, is_batch)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _check_again(data, is_batch)


def _check(data: bytes, is_batch: bool) -> Body:
    if not is_batch:
        return Body(data, 1, _decode_single(data).writeKey or "")
    batch = _decode_batch(data)
    if len(batch.batch) > _MAX_EVENTS:
        raise UnreadableError(413, "too_many_events", f"A batch holds at most {_MAX_EVENTS} events. Send several.")
    return Body(data, len(batch.batch), batch.writeKey or "")


def _check_again(data: bytes, is_batch: bool) -> Body:
    """One event that is no JSON must not cost the others: it travels as text, and is set aside by the steps.

    Some senders write NaN, Infinity or half a surrogate pair, which JSON does not have, or nest without end.
    """
    try:
        data.decode("utf-8")
        if is_batch and (parts := split_batch(data)) is not None:
            return _check(_mended_batch(*parts), is_batch)
        return _single_again(data) if not is_batch else _check(msgspec.json.encode(clean_value(json.loads(data))), True)
    except UnreadableError:
        raise
    except msgspec.ValidationError as error:
        hint = 'Send an object such as {"batch": [ … ]}.' if is_batch else "Send one JSON object."
        raise UnreadableError(400, "wrong_shape", f"The body has the wrong shape: {error}. {hint}") from error
    except RecursionError as error:
        raise UnreadableError(400, "too_deep", "The body is nested too deeply. Flatten it and send again.") from error
    except (ValueError, msgspec.MsgspecError) as error:
        message = f"The body is not valid JSON in UTF-8: {error}. Check how it is built."
        raise UnreadableError(400, "invalid_json", message) from error


def _mended_batch(before: bytes, events: list[bytes], behind: bytes) -> bytes:
    """The batch with what is no JSON in it wrapped. Where no event is any, the sender has to hear of it."""
    checked = [sound_or_wrapped(event) for event in events]
    if events and not any(is_sound for _, is_sound in checked):
        lenient(before + b",".join(events) + behind)  # raises what is wrong, unless it is only NaN and the like
    around = lenient(before + behind)
    if isinstance(around.get("writeKey"), int | float | list | dict):
        raise UnreadableError(400, "wrong_type", "writeKey must be text.")
    rest = msgspec.json.encode(clean_value({key: value for key, value in around.items() if key != "batch"}))
    return (
        b'{"batch":[' + b",".join(event for event, _ in checked) + b"]" + (b"," + rest[1:] if rest != b"{}" else b"}")
    )


def _single_again(data: bytes) -> Body:
    value = lenient(data)
    if not isinstance(value, dict):
        raise msgspec.ValidationError("Expected `object`")
    key = value.get("writeKey")
    if key is not None and not isinstance(key, str):
        raise UnreadableError(400, "wrong_type", "writeKey must be text.")
    return Body(sound_or_wrapped(data)[0], 1, clean_text(key or ""))


def _gunzip(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(data, MAX_BYTES + 1)
    except zlib.error as error:
        raise UnreadableError(400, "invalid_gzip", f"The body begins like gzip but is not: {error}.") from error
    if len(unpacked) <= MAX_BYTES and not unpacker.eof:
        raise UnreadableError(400, "invalid_gzip", "The gzip body ends too early. Send it again, complete.")
    return unpacked
