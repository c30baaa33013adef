"""Events that no step should have to deal with, and how one travels that is not even JSON.

Such an event is set aside as it came, with the reason; sent through again, it is stored mended (`json_text`). A form is
mended at once: somebody has raised a hand, and must not wait for an administrator.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from loopline.collect.json_text import clean_value

MAX_EVENT_BYTES = 128 << 10
"""Four times what Segment takes. Properties beyond 32 KB are cut; what is larger than this is no event."""
MAX_LEVELS = 100
MAX_KEYS = 5_000
_MOST_TOKENS = 300_000
"""Of a body that is looked through bit by bit: more is not worth the time it would take from others."""
_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},"]', re.DOTALL)
"""Whole texts, and the signs between them; a quote by itself opens a text that has no end."""
_check = msgspec.json.Decoder(msgspec.Raw).decode


def unsound(raw: bytes) -> tuple[str, str] | None:
    """Why an event that is valid JSON should be set aside: reason and words; None when nothing speaks against it."""
    if len(raw) > MAX_EVENT_BYTES:
        return "too_large", f"The event has {len(raw) >> 10:,} KB; {MAX_EVENT_BYTES >> 10} KB is the most."
    if len(raw) > MAX_KEYS and raw.count(b'":') > MAX_KEYS:
        return "too_many_keys", f"The event has more than {MAX_KEYS:,} keys."
    if raw.count(b"{") + raw.count(b"[") > MAX_LEVELS and _levels(raw) > MAX_LEVELS:
        return "too_deep", f"The event is nested more than {MAX_LEVELS} levels deep."
    # Most events hold no backslash at all, and one look finds that out.
    if b"\\" in raw and (b"\\u0000" in raw or b"\\ud" in raw or b"\\uD" in raw):
        return _unsound_text(json.loads(raw))
    return None


def _levels(raw: bytes) -> int:
    level = deepest = 0
    for token in _TOKENS.finditer(raw):
        sign = token[0]
        level += (sign in b"[{") - (sign in b"]}")
        deepest = max(deepest, level)
    return deepest


def _unsound_text(value: Any) -> tuple[str, str] | None:
    for text in _texts(value):
        if "\x00" in text:
            return "invalid_text", "A text holds NUL, which no text can hold."
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            return "invalid_text", "A text holds half a surrogate pair: a character was cut in two."
    return None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _texts(one)


# What is not JSON


def wrapped(text: bytes) -> bytes:
    """An event that is not JSON as a JSON text, so that it can travel with those that are."""
    return msgspec.json.encode(text.decode("utf-8", "replace"))


def unwrapped(raw: bytes) -> bytes | None:
    """What was wrapped, as it came; None when `raw` is no text."""
    if raw[:1] != b'"':
        return None
    return str(msgspec.json.decode(raw)).encode("utf-8", "replace")


def lenient(raw: bytes) -> Any:
    """The value of JSON as programs write it that know no better: with NaN, Infinity, control characters in texts.

    Raises ValueError or RecursionError.
    """
    return json.loads(raw, strict=False)


def why_unreadable(text: bytes) -> tuple[str, str]:
    """Reason and words for an event that is not JSON."""
    try:
        lenient(text)
    except RecursionError:
        return "too_deep", f"The event is nested more than {MAX_LEVELS} levels deep."
    except ValueError as error:
        return "invalid_json", f"The event is not JSON: {error}."
    if re.search(rb"\b(?:NaN|Infinity)\b", text):
        return "invalid_number", "A number is NaN or infinite, which JSON does not have."
    return "invalid_text", "A text holds control characters that JSON does not allow, such as NUL."


def sound_or_wrapped(text: bytes) -> tuple[bytes, bool]:
    """One event of a body as JSON, and whether it was sound; a form is mended, anything else is wrapped."""
    try:
        _check(text)
    except (msgspec.MsgspecError, RecursionError):
        try:
            value = lenient(text)
        except (ValueError, RecursionError):
            return wrapped(text), False
        if isinstance(value, dict) and value.get("type") == "form":
            return msgspec.json.encode(clean_value(value)), True
        return wrapped(text), False
    return text, True


def split_batch(data: bytes) -> tuple[bytes, list[bytes], bytes] | None:
    """A body as what stands before the events of `batch`, each event, and what stands behind; None where there is no
    such list. Looks only at quotes and brackets, however deep they are.
    """
    level, start, first, events, key = 0, -1, -1, [], b""
    for count, token in enumerate(_TOKENS.finditer(data)):
        sign = token[0]
        if sign == b'"' or count > _MOST_TOKENS:
            return None
        if level == 1 and first < 0 and sign[:1] == b'"':
            key = sign
        elif level == 1 and sign == b"[" and first < 0 and key == b'"batch"':
            first = start = token.end()
        elif first >= 0 and level == 2 and sign in {b",", b"]"}:
            events.append(data[start : token.start()].strip())
            start = token.end()
            if sign == b"]":
                return data[:first], [one for one in events if one], data[token.start() :]
        level += (sign in {b"[", b"{"}) - (sign in {b"]", b"}"})
    return None
