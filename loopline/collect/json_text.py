"""JSON from strangers, made safe to store: no NUL, no half surrogates, no NaN, not too deep, not too long."""

import json
import math
from typing import Any

import msgspec

MAX_DEPTH = 24
MAX_PROPERTIES_BYTES = 32 << 10
"""Segment's limit for a whole event; longer properties are cut and marked."""
CUT_MARK = "…"
_TOO_DEEP = "[nested too deeply]"


def clean_text(text: str, limit: int | None = None) -> str:
    """`text` without NUL and half surrogates; longer than `limit` characters it is cut and ends with “…”."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if limit is not None and len(text) > limit:
        return text[: limit - 1] + CUT_MARK
    return text


def clean_value(value: Any, depth: int = 0) -> Any:
    """The same JSON value with every text cleaned, NaN and infinities as null, and deep parts replaced by a note."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -(1 << 63) <= value < (1 << 64) else str(value)
    if depth >= MAX_DEPTH and isinstance(value, dict | list):
        return _TOO_DEEP
    if isinstance(value, dict):
        return {clean_text(key): clean_value(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [clean_value(one, depth + 1) for one in value]
    return value


def needs_cleaning(raw: bytes) -> bool:
    """A quick look whether `raw` JSON holds anything that `clean_value` would change."""
    return (b"\\u" in raw and (b"\\u0000" in raw or b"\\ud" in raw or b"\\uD" in raw)) or (
        raw.count(b"{") + raw.count(b"[") > MAX_DEPTH
    )


def clean_object(raw: bytes) -> bytes:
    """A JSON object as safe JSON bytes, at most MAX_PROPERTIES_BYTES long. ValueError when it is no JSON."""
    if needs_cleaning(raw):
        raw = msgspec.json.encode(clean_value(json.loads(raw)))
    if len(raw) > MAX_PROPERTIES_BYTES:
        raw = _cut(json.loads(raw))
    return raw


def _cut(value: dict[str, Any]) -> bytes:
    """Keep the properties that fit, in their order, and name the ones that were left out."""
    kept: dict[str, Any] = {}
    left_out: list[str] = []
    room = MAX_PROPERTIES_BYTES - 2_000
    for key, one in value.items():
        size = len(key) + len(msgspec.json.encode(one)) + 4
        if size > room and isinstance(one, str) and room > 1_000:
            one = clean_text(one, min(1_000, room // 4))
            size = len(key) + len(msgspec.json.encode(one)) + 4
            left_out.append(key)
        if size <= room:
            kept[key] = one
            room -= size
        else:
            left_out.append(key)
    kept["_cut"] = [clean_text(key, 60) for key in left_out[:20]]
    return msgspec.json.encode(kept)
