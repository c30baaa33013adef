"""What proves that a block of the inbox reads as it was written. SQLite's own file has no checksums."""

import zlib


def checksum_of(events: int, committed_us: int, requests: bytes) -> int:
    """Without the block's number; `blocks.checksum` is this plus that, which only the writing statement knows."""
    return zlib.crc32(requests, (committed_us + events) & 0xFFFFFFFF)


def is_whole(seq: int, events: int, committed_us: int, requests: bytes, checksum: int | None) -> bool:
    """Whether a row of `blocks` is as it was written; True for one from before there were checksums."""
    return checksum is None or checksum == seq + checksum_of(events, committed_us, requests)
