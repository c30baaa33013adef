"""Bodies into single events."""

import msgspec

from loopline.collect.event_form import Context, decode_envelope, decode_event, merged
from loopline.collect.request import Request
from loopline.collect.work import Item, Work


def decode(work: Work) -> None:
    """Give every event its number and its form. One that does not fit the form goes to the quarantine by itself."""
    for block in work.blocks:
        seq = block.first_seq
        for request in block.requests:
            if request.call == "batch":
                _decode_batch(work, seq, request)
            else:
                _decode_one(work, Item(seq, request, request.body), None)
            seq += request.events


def _decode_batch(work: Work, seq: int, request: Request) -> None:
    try:
        envelope = decode_envelope(request.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # The collector has read `batch`, so it is the context or sentAt that is wrong, and wrong for every event.
        for place, raw in enumerate(msgspec.json.decode(request.body, type=_OnlyBatch).batch):
            work.quarantine(Item(seq + place, request, bytes(raw)), "invalid_envelope", str(error))
        return
    part = envelope.part
    for place, raw in enumerate(envelope.batch):
        item = Item(seq + place, request, raw)
        item.envelope = part
        _decode_one(work, item, part.context)


def _decode_one(work: Work, item: Item, batch_context: Context | None) -> None:
    try:
        item.event = event = decode_event(item.raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        work.quarantine(item, "invalid_event", str(error))
        return
    item.context = merged(event.context, batch_context)
    work.items.append(item)


class _OnlyBatch(msgspec.Struct):
    batch: list[msgspec.Raw]
