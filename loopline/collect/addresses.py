"""Forgetting addresses: of an IP address only what was looked up stays, once its events are in the event store.

The inbox keeps the address until then, because the steps need it, and may need it again after a crash.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec

from loopline.collect.forgotten_places import Finder, agreed_in, all_have_identifiers
from loopline.collect.json_text import clean_value
from loopline.collect.log import Block, Log
from loopline.collect.request import Flag, Request
from loopline.collect.rewriting import rewriting
from loopline.collect.settings import Settings

_WRITTEN_OUT = re.compile(rb'"ip"\s*:\s*"[^"]*"')
AT_A_TIME = 5_000
"""Events read and written back in one go."""


def forget_addresses(log: Log, upto_seq: int, settings: Settings) -> int:
    """Put what is looked up in the place of the addresses in all blocks up to event `upto_seq`, which is stored; how
    many blocks were changed.
    """
    finder = Finder(settings)
    position, changed = log.forgotten_upto(), 0
    while (end := log.end_of_stretch(position, AT_A_TIME, upto_seq)) is not None:
        with rewriting(log.folder):
            blocks = [block for block in log.read(position, end) if any(map(_holds_address, block.requests))]
            log.write_back([_without(block, finder) for block in blocks], forgotten_upto=end)
        position, changed = end, changed + len(blocks)
    if changed:
        log.wipe()
    return changed


Tell = Callable[[object, object], str]
"""What is kept of an address, by the consent that its context says."""


def without_address(body: bytes, tell: Tell | None = None, consent: object = None) -> bytes:
    """The body of a request, or one event of it, without `context.ip`, which some senders add.

    `consent` is what the batch says, for an event that comes without its batch.
    """
    if not _names_ip(body):
        return body
    # Also what the steps could not read, and set aside, must not carry an address on.
    try:
        value = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):  # numbers without end, nesting without end
        return _WRITTEN_OUT.sub(b'"ip":""', body)
    rest = _rest_of(value, tell, consent)
    return body if rest is None else msgspec.json.encode(clean_value(rest))


def _rest_of(value: Any, tell: Tell | None, consent: object = None) -> Any | None:
    """What stays without the address; None where none is in it, and nothing has to change.

    `consent` is what the batch says, for events that say nothing.
    """
    if isinstance(value, str):
        # An event that is no JSON (see `unsound.py`): what might be an address in it cannot be told from the rest.
        return "[left out: it held an address]" if '"ip"' in value else None
    if not isinstance(value, dict):
        return None
    rest = dict(value)
    if isinstance(context := value.get("context"), dict):
        consent = consent if (said := context.get("consent")) is None else said
        if "ip" in context:
            rest["context"] = {name: one for name, one in context.items() if name != "ip"}
            if tell is not None and (told := tell(context["ip"], consent)):
                rest["context"]["looplinePlace"] = told
    if isinstance(batch := value.get("batch"), list):
        parts = [_rest_of(part, tell, consent) for part in batch]
        if any(part is not None for part in parts):
            rest["batch"] = [one if part is None else part for one, part in zip(batch, parts, strict=True)]
    return None if rest == value else rest


def _names_ip(body: bytes) -> bool:
    return b'"ip"' in body or b'\\"ip\\"' in body or b"\\u00" in body


def _holds_address(request: Request) -> bool:
    return bool(request.ip) or _names_ip(request.body)


def _without(block: Block, finder: Finder) -> Block:
    requests = [_placed(one, finder) for one in block.requests]
    return Block(block.seq, block.events, block.committed_us, requests)


def _placed(request: Request, finder: Finder) -> Request:
    agreed = agreed_in(request)

    def tell(address: object, consent: object) -> str:
        return finder.tell(address, keeps_network=agreed.keeps_networks(consent))

    body = without_address(request.body, tell)
    keeps_network = bool(request.ip) and all_have_identifiers(request)
    return msgspec.structs.replace(placed(request, finder, keeps_network=keeps_network), body=body)


def placed(request: Request, finder: Finder, *, keeps_network: bool) -> Request:
    """The request with what is looked up of the connection's address in the address's place; its body as it is."""
    if not request.ip:
        return request
    place = finder.tell(request.ip, keeps_network=keeps_network)
    flags = request.flags | Flag.ADDRESS_FORGOTTEN
    return msgspec.structs.replace(request, ip="", flags=flags, place=place)
