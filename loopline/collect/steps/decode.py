"""Bodies into single events."""

import msgspec

from loopline.collect.event_form import Context, EnvelopePart, Event, decode_envelope, decode_event, merged
from loopline.collect.request import ERASED_EVENT, Flag, Request
from loopline.collect.state import ERASED
from loopline.collect.unsound import unsound, unwrapped, why_unreadable
from loopline.collect.work import Item, Work


def decode(work: Work) -> None:
    """Give every event its number and its form. One that does not fit the form goes to the quarantine by itself."""
    for block in work.blocks:
        seq = block.first_seq
        for request in block.requests:
            if seq in work.poisoned:
                _set_aside(work, seq, request)
            elif request.call == "batch":
                _decode_batch(work, seq, request)
            else:
                _decode_one(work, _item(seq, request, request.body), None)
            seq += request.events


def _decode_batch(work: Work, seq: int, request: Request) -> None:
    try:
        envelope = decode_envelope(request.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # The collector has read `batch`, so it is the context or sentAt that is wrong, and wrong for every event.
        _set_aside(work, seq, request, "invalid_envelope", str(error))
        return
    part = envelope.part
    for place, raw in enumerate(envelope.batch):
        _decode_one(work, _item(seq + place, request, bytes(raw), part), part.context)


def _set_aside(
    work: Work, seq: int, request: Request, reason: str = "step_failed", detail: str = "A step failed; see the log."
) -> None:
    """Every event of a request into the quarantine."""
    raws = [bytes(raw) for raw in _decode_raws(request.body).batch] if request.call == "batch" else [request.body]
    for place, raw in enumerate(raws):
        work.quarantine(_item(seq + place, request, raw), reason, detail)


def _item(seq: int, request: Request, raw: bytes, envelope: EnvelopePart | None = None) -> Item:
    return Item(seq, request, raw, request.received_us, request.source, envelope)


def _decode_one(work: Work, item: Item, batch_context: Context | None) -> None:
    if item.request.flags & Flag.PARTS_ERASED and item.raw == ERASED_EVENT:
        work.drop(item, ERASED)
        return
    if (text := unwrapped(item.raw)) is not None:
        item.raw = text
        work.quarantine(item, *why_unreadable(text))
        return
    try:
        item.event = event = decode_event(item.raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        work.quarantine(item, "invalid_event", str(error))
        return
    if (problem := unsound(item.raw)) and not _is_mended(item.request, event):
        work.quarantine(item, *problem)
        return
    item.context = merged(event.context, batch_context)
    work.items.append(item)


def _is_mended(request: Request, event: Event) -> bool:
    """What Loopline itself reports, what is sent through again, and forms are stored mended instead of set aside."""
    is_ours = request.source == "loopline" or bool(request.flags & (Flag.REPLAYED | Flag.WRITTEN_HERE))
    return is_ours or "form" in {event.type, request.call}


class _OnlyBatch(msgspec.Struct):
    batch: list[msgspec.Raw]


_decode_raws = msgspec.json.Decoder(_OnlyBatch).decode
