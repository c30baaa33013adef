"""Events as they stand in the inbox: one by its number or messageId, or the newest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from loopline.collect.log import Block, Log
from loopline.collect.request import Request

MOST_LOOKED_AT = 200_000
"""Events looked at for a messageId, newest first."""
_Object = dict[str, msgspec.Raw]


@dataclass(frozen=True, slots=True)
class Arrived:
    """One event, in a request of its own."""

    seq: int
    """Its number in the inbox."""
    committed_us: int
    request: Request
    raw: bytes
    """The event alone, as it came."""

    @property
    def block(self) -> Block:
        return Block(self.seq, 1, self.committed_us, [self.request])


def newest(log: Log, most: int, is_wanted: Callable[[Request], bool] = lambda _request: True) -> Iterator[Arrived]:
    """The newest events, newest first: at most `most` are looked at, and those of wanted requests are given."""
    seq, left = log.last_seq(), most
    while left > 0 and (block := _block_holding(log, seq)) is not None:
        last = block.seq
        for request in reversed(block.requests):
            if left <= 0:
                return
            taken = min(left, request.events)
            if is_wanted(request):
                yield from _tail(request, last, taken, block.committed_us)
            left -= taken
            last -= request.events
        seq = block.first_seq - 1


def find_event(log: Log, number: int) -> Arrived | None:
    """The event with this number; None when it never was, or is too old for the inbox."""
    block = _block_holding(log, number)
    if block is None:
        return None
    last = block.seq
    for request in reversed(block.requests):
        if number > last - request.events:
            return next(one for one in _tail(request, last, last - number + 1, block.committed_us) if one.seq == number)
        last -= request.events
    return None


def find_by_message_id(log: Log, message_id: str) -> Arrived | None:
    """The newest event with this messageId, among the newest MOST_LOOKED_AT."""
    sought = msgspec.json.encode(message_id)
    for one in newest(log, MOST_LOOKED_AT, lambda request: sought in request.body or b"\\" in request.body):
        try:
            if msgspec.json.decode(one.raw, type=_Id).messageId == message_id:
                return one
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue  # not even its id can be read
    return None


class _Id(msgspec.Struct):
    messageId: str | int | float | None = None  # noqa: N815 - Segment's name


def _block_holding(log: Log, seq: int) -> Block | None:
    if seq <= 0 or (end := log.end_of_stretch(seq - 1, 1)) is None:
        return None
    blocks = log.read(end - 1, end)
    return blocks[0] if blocks and blocks[0].first_seq <= seq else None


def _tail(request: Request, last_seq: int, count: int, committed_us: int) -> Iterator[Arrived]:
    """The last `count` events of a request, from its last, which has the number `last_seq`."""
    if request.call != "batch":
        yield Arrived(last_seq, committed_us, request, request.body)
        return
    around = msgspec.json.decode(request.body, type=_Object)
    raws = msgspec.json.decode(around["batch"], type=list[msgspec.Raw])
    for place in range(count):
        raw = raws[-1 - place]
        body = msgspec.json.encode({**around, "batch": [raw]})
        alone = msgspec.structs.replace(request, events=1, body=body)
        yield Arrived(last_seq - place, committed_us, alone, bytes(raw))
