"""Every block that is whole, read from the pages of a damaged log without asking SQLite.

SQLite reads nothing behind a damaged frame or under a damaged page. A block that lies elsewhere is whole all the same,
and its checksum proves it: pages are looked at one by one, in the file and in its write-ahead log, by the published
format (https://www.sqlite.org/fileformat2.html, sections 1.5, 1.6, 2.1 and 4.1).
"""

import mmap
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from loopline.collect.checksum import is_whole

_LEAF = 0x0D
_WAL_HEAD, _FRAME_HEAD = 32, 24
_USUAL_PAGE = 8192
_MAX_PAYLOAD = 1 << 28
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Serial type of a column → bytes of the integer."""


class RawBlock(NamedTuple):
    """A row of `blocks` as it stands in the file."""

    seq: int
    events: int
    committed_us: int
    requests: bytes
    checksum: int | None


class _Image(NamedTuple):
    """One page as it stands in one of the two files."""

    number: int
    content: "_Content"
    place: int

    def read(self, size: int) -> bytes:
        return self.content[self.place : self.place + size]


_Content = mmap.mmap | bytes


def whole_blocks(path: Path, wal: Path) -> Iterator[RawBlock]:
    """All blocks that are whole in the log at `path` or in its write-ahead log, each once."""
    with ExitStack() as stack:
        file, log = _content(path, stack), _content(wal, stack)
        size = _page_size(file, log)
        in_file = [_Image(place // size + 1, file, place) for place in range(0, len(file) - size + 1, size)]
        in_log = list(_frames(log, size))
        newest = {one.number: one for one in [*in_file, *in_log]}
        oldest = {one.number: one for one in [*in_log, *in_file]}
        seen: set[int] = set()
        for image in [*in_file, *in_log]:
            page = image.read(size)
            for pages in (newest, oldest):  # a page may be damaged in one place and whole in the other
                for block in _blocks_on(page, image.number, pages, seen):
                    seen.add(block.seq)
                    yield block


def _content(path: Path, stack: ExitStack) -> _Content:
    if not path.exists() or not path.stat().st_size:
        return b""
    with path.open("rb") as file:
        return stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _page_size(file: _Content, log: _Content) -> int:
    for said in (int.from_bytes(file[16:18], "big"), int.from_bytes(log[8:12], "big")):
        if 512 <= said <= 65536 and said & (said - 1) == 0:
            return said
    return _USUAL_PAGE


def _frames(log: _Content, size: int) -> Iterator[_Image]:
    for place in range(_WAL_HEAD, len(log) - _FRAME_HEAD - size + 1, _FRAME_HEAD + size):
        yield _Image(int.from_bytes(log[place : place + 4], "big"), log, place + _FRAME_HEAD)


def _blocks_on(page: bytes, number: int, pages: Mapping[int, _Image], seen: Set[int]) -> Iterator[RawBlock]:
    """The whole blocks not seen yet whose rows begin on this page, when it is a leaf."""
    start = 100 if number == 1 else 0
    if page[start] != _LEAF:
        return
    for place in range(start + 8, start + 8 + 2 * int.from_bytes(page[start + 3 : start + 5], "big"), 2):
        try:
            cell = int.from_bytes(page[place : place + 2], "big")
            length, payload = _varint(page, cell)
            seq, payload = _varint(page, payload)
            if seq in seen:
                continue
            block = _block(seq, _payload(page, payload, length, pages))
        except (IndexError, KeyError, ValueError):
            continue  # no row of `blocks`, or one that is not whole
        if is_whole(*block):
            yield block


def _payload(page: bytes, place: int, length: int, pages: Mapping[int, _Image]) -> bytes:
    """Put together from the page and those it overflows to."""
    if length > _MAX_PAYLOAD:
        raise ValueError("longer than any block")
    local = _local_bytes(length, len(page))
    parts, missing = [page[place : place + local]], length - local
    following = int.from_bytes(page[place + local : place + local + 4], "big") if missing else 0
    while missing > 0:
        content = pages[following].read(len(page))
        following = int.from_bytes(content[:4], "big")
        parts.append(content[4 : 4 + missing])
        missing -= len(parts[-1])
    return b"".join(parts)


def _local_bytes(length: int, size: int) -> int:
    most, least = size - 35, (size - 12) * 32 // 255 - 23
    if length <= most:
        return length
    usual = least + (length - least) % (size - 4)
    return usual if usual <= most else least


def _block(seq: int, payload: bytes) -> RawBlock:
    columns = list(_columns(payload))
    if len(columns) not in {4, 5} or columns[0] is not None:  # the row number itself is not among the values
        raise ValueError("a row of another table")
    events, committed_us, requests = columns[1:4]
    checksum = columns[4] if len(columns) > 4 else None
    if not isinstance(requests, bytes) or isinstance(checksum, bytes):
        raise ValueError("a row of another table")
    return RawBlock(seq, _number(events), _number(committed_us), requests, checksum)


def _number(value: int | bytes | None) -> int:
    if not isinstance(value, int):
        raise ValueError("a row of another table")
    return value


def _columns(payload: bytes) -> Iterator[int | bytes | None]:
    types: list[int] = []
    end, place = _varint(payload, 0)
    while place < end:
        kind, place = _varint(payload, place)
        types.append(kind)
    yield from _values(payload, end, types)


def _values(payload: bytes, place: int, types: Sequence[int]) -> Iterator[int | bytes | None]:
    for kind in types:
        length = _INTEGERS.get(kind, (kind - 12) // 2 if kind >= 12 else 0)
        content = payload[place : place + length]
        if len(content) < length:
            raise ValueError("cut off")
        place += length
        if kind in _INTEGERS:
            yield int.from_bytes(content, "big", signed=True)
        elif kind >= 12:
            yield content if kind % 2 == 0 else None  # no text stands in a block
        else:
            yield kind - 8 if kind in {8, 9} else None


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """A number of 1 to 9 bytes, and where it ends."""
    value = 0
    for count in range(8):
        byte = content[place + count]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + count + 1
    return value << 8 | content[place + 8], place + 9
