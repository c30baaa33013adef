"""Identifiers. Every record and event id is a UUIDv7 (RFC 9562), so ids sort by the time they were made."""

import os
import time
import uuid
from collections.abc import Iterable
from functools import lru_cache


def uuid7(at_ms: int | None = None, noise: bytes | None = None) -> uuid.UUID:
    """A new UUIDv7; `at_ms` (Unix milliseconds) places it in time, by default now.

    `noise` gives its ten random bytes; only a simulation that has to come out the same again does that.
    """
    millis = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    value = (millis & ((1 << 48) - 1)) << 80 | int.from_bytes(noise or os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


@lru_cache(8192)
def id_text(value: uuid.UUID) -> str:
    """The id as text. A record's id is written down a dozen times when the record comes in: spelled out once."""
    return str(value)


def uuid_or_none(text: str) -> uuid.UUID | None:
    """The id that a text from outside names; None where it names none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def uuids_in(texts: Iterable[str]) -> list[uuid.UUID]:
    """Those of the texts that are record ids."""
    return [found for text in texts if (found := uuid_or_none(text)) is not None]
