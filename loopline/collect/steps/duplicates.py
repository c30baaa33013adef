"""Senders repeat what they are not sure arrived; an event counts once per source and messageId."""

import struct
from hashlib import blake2b
from uuid import UUID

from loopline.collect.work import Item, Work

_HALVES = struct.Struct(">qq").unpack


def drop_duplicates(work: Work) -> None:
    """Drop events seen before under another number. The same number again is the same event, loaded anew."""
    for item in work.items:
        if item.event_id:
            item.digest = _digest(item.request.source_id, item.event_id)
        else:
            item.event_id = _made_id(item)
    seen = work.state.seen([item.digest[0] for item in work.items if item.digest])
    kept: list[Item] = []
    for item in work.items:
        if item.digest is not None:
            high, low = item.digest
            known = seen.get(high)
            if known is not None and known[0] == low and known[1] != item.seq:
                work.drop("duplicate")
                continue
            if known is None:
                seen[high] = (low, item.seq)
        kept.append(item)
    work.items = kept


def _digest(source_id: str, event_id: str) -> tuple[int, int]:
    high, low = _HALVES(blake2b(f"{source_id}\n{event_id}".encode(), digest_size=16).digest())
    return high, low


def _made_id(item: Item) -> str:
    """A UUIDv7 for an event whose sender gave none: from its number, so that loading it again gives the same."""
    rest = int.from_bytes(blake2b(f"{item.request.source_id}\n{item.seq}".encode(), digest_size=10).digest(), "big")
    value = (item.request.received_us // 1000 & ((1 << 48) - 1)) << 80 | rest
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(UUID(int=value & ~(0x3 << 62) | 0x2 << 62))
