"""Finished items as rows of `events` and as signals for the reactor."""

import json
from typing import Any

import msgspec
import pyarrow as pa

from loopline.collect.json_text import clean_value
from loopline.collect.signals import Signal
from loopline.collect.steps.validate import ID_LIMIT, as_text
from loopline.collect.work import Item
from loopline.store.library import TABLES
from loopline.store.schema import ARROW_TYPES, Kind

_VISIT = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "click_id_kind", "referrer_host")
_FROM_REQUEST = ("source_id", "unit_id")
# Raw addresses are not looked up yet: columns that need a network database stay empty.
_EMPTY = ("country", "region", "network_company")
_SIGNAL_KINDS = {"identify", "group", "form"}
RESERVED = "_loopline"
"""The one name in `properties` that is ours: times as they were sent, click id, how a date was corrected."""


def event_rows(items: list[Item], *, is_history: bool = False) -> pa.Table:
    """The rows of `events` for these items. `recorded_at` is left to the store; in a history it is the receipt."""
    arrays = []
    table = TABLES["events"]
    visits = list(zip(*[item.visit for item in items], strict=True)) or [()] * len(_VISIT)
    for column in table.columns:
        name = column.name
        values: list[Any]
        if name in _VISIT:
            values = list(visits[_VISIT_FIELD[name]])
        elif name in _FROM_REQUEST:
            values = [getattr(item.request, name) for item in items]
        elif name == "occurred_at":
            values = [item.occurred_us for item in items]
        elif name == "received_at":
            values = [item.request.received_us for item in items]
        elif name == "recorded_at":
            values = [item.request.received_us if is_history else None for item in items]
        elif name == "properties":
            values = [_properties(item) for item in items]
        elif name in _EMPTY:
            values = [""] * len(items)
        else:
            values = [getattr(item, name) for item in items]
        arrays.append(_array(values, column.kind))
    return pa.table(arrays, names=[column.name for column in table.columns])


_VISIT_FIELD = dict(zip(_VISIT, range(len(_VISIT)), strict=True))


def _array(values: list[Any], kind: Kind) -> pa.Array:
    if kind is Kind.TIME:
        return pa.array(values, pa.int64()).cast(ARROW_TYPES[kind])
    return pa.array(values, ARROW_TYPES[kind])


def _properties(item: Item) -> str:
    """The sender's properties, and under one reserved name what we keep of how they were sent."""
    extra: dict[str, object] = dict(item.corrections)
    if item.is_entry and item.click_id:
        extra["click_id"] = item.click_id
    raw = item.properties
    if RESERVED.encode() in raw:
        raw = msgspec.json.encode({key: value for key, value in json.loads(raw).items() if key != RESERVED})
    if not extra:
        return raw.decode() or "{}"
    added = b'{"' + RESERVED.encode() + b'":' + msgspec.json.encode(extra)
    rest = raw[1:].lstrip() if raw else b"}"
    return (added + (b"" if rest[:1] == b"}" else b",") + rest).decode()


def signals_of(items: list[Item]) -> list[Signal]:
    """What the reactor should hear of: identify, alias, group and form events of people who agreed to be known."""
    return [
        _signal(item)
        for item in items
        if item.kind in _SIGNAL_KINDS and item.consent >= 2 and item.request.source != "loopline"
    ]


def _signal(item: Item) -> Signal:
    event = item.event
    traits = bytes(event.traits) or bytes(item.context.traits)
    is_traits = item.kind in {"identify", "group"}
    properties: dict[str, Any] = json.loads(item.properties) if item.properties else {}
    loaded = properties if is_traits else _object(traits)
    return Signal(
        seq=item.seq,
        kind="alias" if item.name == "alias" else item.kind,
        event_id=item.event_id,
        unit_id=item.request.unit_id,
        source_id=item.request.source_id,
        source=item.source,
        visitor_id=item.visitor_id,
        user_id=item.user_id,
        previous_id=as_text(event.previousId, ID_LIMIT),
        group_id=as_text(event.groupId, ID_LIMIT),
        session_id=item.session_id,
        email=item.email,
        name=item.name,
        # Whatever JSON can say must fit what carries signals on: numbers without end would hold up all that follow.
        traits=clean_value(loaded),
        properties={} if is_traits else clean_value(properties),
        occurred_us=item.occurred_us,
        consent=item.consent,
        bot_verdict=item.bot_verdict,
    )


def _object(raw: bytes) -> dict[str, Any]:
    value = json.loads(raw) if raw else {}
    return value if isinstance(value, dict) else {}
