"""What proves that a block of the inbox reads as it was written. SQLite's own file has no checksums."""

import zlib

import msgspec

from loopline.collect.request import Request

_DECODER = msgspec.msgpack.Decoder(list[Request])


def checksum_of(events: int, committed_us: int, requests: bytes) -> int:
    """Without the block's number; `blocks.checksum` is this plus that, which only the writing statement knows."""
    return zlib.crc32(requests, (committed_us + events) & 0xFFFFFFFF)


def is_whole(seq: int, events: object, committed_us: object, requests: object, checksum: object) -> bool:
    """Whether a row of `blocks` is as it was written; one from before there were checksums: whether it can be read.

    A damaged row may hold anything, a blank page gives rows of nothing but NULL.
    """
    if not (isinstance(events, int) and isinstance(committed_us, int) and isinstance(requests, bytes)):
        return False
    if checksum is not None:
        return checksum == seq + checksum_of(events, committed_us, requests)
    try:
        return sum(one.events for one in _DECODER.decode(requests)) == events
    except (msgspec.MsgspecError, ValueError):  # text of its values that is no text
        return False
