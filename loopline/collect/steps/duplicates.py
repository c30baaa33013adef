"""Senders repeat what they are not sure arrived; an event counts once per source and messageId.

The same id with other content is no repetition but a mistake of the sender (a counter that began anew, an id used
for two things): dropping it would lose an event, storing it would make two of one id. It goes to the quarantine.
"""

import struct
from hashlib import blake2b
from uuid import UUID

import msgspec

from loopline.collect.known_ids import ANY_CONTENT, KnownId
from loopline.collect.work import Item, Work

_HALVES = struct.Struct(">qq").unpack
_NUMBER = struct.Struct(">q").unpack
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_encode_in_order = msgspec.json.Encoder(order="sorted").encode


def drop_duplicates(work: Work) -> None:
    """Drop events seen before under another number. The same number again is the same event, loaded anew."""
    for item in work.items:
        if item.event_id:
            item.known_as = _known_as(item)
        else:
            item.event_id = _made_id(item)
    known = work.state.known_ids([item.known_as.high for item in work.items if item.known_as is not None])
    work.items = [item for item in work.items if item.known_as is None or _is_new(work, item, item.known_as, known)]


def _is_new(work: Work, item: Item, own: KnownId, known: dict[int, KnownId]) -> bool:
    first = known.setdefault(own.high, own)
    if first.low != own.low or first.seq == own.seq:
        return True
    if first.is_repeated_by(own.content):
        work.drop(item, "duplicate")
    else:
        work.quarantine(
            item,
            "id_reused",
            f"Event {first.seq} came with the same messageId and says something else. Give each its own.",
        )
    return False


def _known_as(item: Item) -> KnownId:
    name = f"{item.request.source_id}\n{item.event_id}".encode()
    high, low = _HALVES(blake2b(name, digest_size=16).digest())
    return KnownId(high, low, item.seq, _content(item))


def _content(item: Item) -> int:
    """Eight bytes for what an event says: type, name, who, when, where and properties.

    `sentAt`, the order of properties and what a library adds about itself do not count: they change from one
    attempt to the next. Loopline's own parts report the same thing anew from what is then known of it.
    """
    if item.request.source == "loopline":
        return ANY_CONTENT
    event, page = item.event, item.context.page
    said = (
        item.kind, item.name, item.visitor_id, item.user_id, event.previousId, event.groupId,
        event.timestamp, event.originalTimestamp, event.engaged, page.url if page else None,
    )  # fmt: skip
    (number,) = _NUMBER(blake2b(_encode(said) + _in_order(item.properties), digest_size=8).digest())
    return number or 1  # 0 stands for any content


def _in_order(properties: bytes) -> bytes:
    """The same JSON for the same properties, in whichever order and with whatever spaces they came."""
    if properties.count(b":") <= 1 and b" " not in properties:
        return properties
    try:
        return _encode_in_order(_decode(properties))
    except (ValueError, OverflowError, RecursionError):  # numbers that no field can hold
        return properties


def _made_id(item: Item) -> str:
    """A UUIDv7 for an event whose sender gave none: from its number, so that loading it again gives the same."""
    rest = int.from_bytes(blake2b(f"{item.request.source_id}\n{item.seq}".encode(), digest_size=10).digest(), "big")
    value = (item.request.received_us // 1000 & ((1 << 48) - 1)) << 80 | rest
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(UUID(int=value & ~(0x3 << 62) | 0x2 << 62))
