"""Forgetting addresses: of an IP address only what was looked up stays, once its events are in the event store.

The inbox keeps the address until then, because the steps need it, and may need it again after a crash.
"""

import json
import re
from typing import Any

import msgspec

from loopline.collect.json_text import clean_value
from loopline.collect.log import Block, Log
from loopline.collect.request import Request

_WRITTEN_OUT = re.compile(rb'"ip"\s*:\s*"[^"]*"')
AT_A_TIME = 5_000
"""Events read and written back in one go."""


def forget_addresses(log: Log, upto_seq: int) -> int:
    """Take the addresses out of all blocks up to event `upto_seq`, which is stored; how many blocks were changed."""
    position, changed = log.forgotten_upto(), 0
    while (end := log.end_of_stretch(position, AT_A_TIME, upto_seq)) is not None:
        blocks = [block for block in log.read(position, end) if any(map(_holds_address, block.requests))]
        log.write_back([_without(block) for block in blocks], forgotten_upto=end)
        position, changed = end, changed + len(blocks)
    if changed:
        log.wipe()
    return changed


def without_address(body: bytes) -> bytes:
    """The body of a request, or one event of it, without `context.ip`, which some senders add."""
    if not _names_ip(body):
        return body
    # Also what the steps could not read, and set aside, must not carry an address on.
    try:
        value = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):  # numbers without end, nesting without end
        return _WRITTEN_OUT.sub(b'"ip":""', body)
    rest = _rest_of(value)
    return body if rest is None else msgspec.json.encode(clean_value(rest))


def _rest_of(value: Any) -> Any | None:
    """What stays without the address; None where none is in it, and nothing has to change."""
    if isinstance(value, str):
        # An event that is no JSON (see `unsound.py`): what might be an address in it cannot be told from the rest.
        return "[left out: it held an address]" if '"ip"' in value else None
    if not isinstance(value, dict):
        return None
    rest = dict(value)
    if isinstance(context := value.get("context"), dict) and "ip" in context:
        rest["context"] = {name: one for name, one in context.items() if name != "ip"}
    if isinstance(batch := value.get("batch"), list):
        parts = [_rest_of(part) for part in batch]
        if any(part is not None for part in parts):
            rest["batch"] = [one if part is None else part for one, part in zip(batch, parts, strict=True)]
    return None if rest == value else rest


def _names_ip(body: bytes) -> bool:
    return b'"ip"' in body or b'\\"ip\\"' in body or b"\\u00" in body


def _holds_address(request: Request) -> bool:
    return bool(request.ip) or _names_ip(request.body)


def _without(block: Block) -> Block:
    requests = [msgspec.structs.replace(one, ip="", body=without_address(one.body)) for one in block.requests]
    return Block(block.seq, block.events, block.committed_us, requests)
