"""Finished items as rows of `events` and as signals for the reactor."""

import json
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
import pyarrow as pa

from loopline.collect.event_form import as_text
from loopline.collect.json_text import clean_value
from loopline.collect.signals import Signal, signal_kind
from loopline.collect.steps.validate import ID_LIMIT
from loopline.collect.work import Item
from loopline.store.library import TABLES
from loopline.store.schema import ARROW_TYPES, Kind

_FROM_VISIT = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "click_id_kind", "referrer_host")
_NOT_FROM_ITEM = {*_FROM_VISIT, "source_id", "unit_id", "properties"}
_FROM_ITEM = tuple(
    one.name for one in TABLES["events"].columns if one.kind is not Kind.TIME and one.name not in _NOT_FROM_ITEM
)
_MOST_IN_A_VISIT = 1_000_000
RESERVED = "_loopline"
"""The one name in `properties` that is ours: times as they were sent, click id, how a date was corrected, the
tracker's number of the event within its visit."""
_RESERVED = RESERVED.encode()
_encode = msgspec.json.Encoder().encode


def event_rows(items: list[Item], *, is_history: bool = False) -> pa.Table:
    """The rows of `events` for these items. `recorded_at` is left to the store; in a history it is the receipt."""
    columns = TABLES["events"].columns
    values = _values(items)
    count = len(items)
    arrays = []
    for column in columns:
        kind = ARROW_TYPES[column.kind]
        if column.name == "recorded_at" and not is_history:
            arrays.append(pa.nulls(count, kind))
        elif column.kind is Kind.TIME:
            arrays.append(pa.array(values[column.name], pa.int64(), size=count).cast(kind))
        else:
            arrays.append(pa.array(values[column.name], kind, size=count))
    return pa.table(arrays, names=[column.name for column in columns])


def _values(items: list[Item]) -> dict[str, list[Any]]:
    """What each column holds."""
    requests = [item.request for item in items]
    visits = [item.visit for item in items]
    received = [request.received_us for request in requests]
    return {
        **{name: list(map(attrgetter(name), items)) for name in _FROM_ITEM},
        **{name: list(map(itemgetter(place), visits)) for place, name in enumerate(_FROM_VISIT)},
        "occurred_at": [item.occurred_us for item in items],
        "received_at": received,
        "recorded_at": received,
        "source_id": [request.source_id for request in requests],
        "unit_id": [request.unit_id for request in requests],
        "properties": list(map(_properties, items)),
    }


def _properties(item: Item) -> str:
    """The sender's properties, and under one reserved name what we keep of how they were sent."""
    said, ours = item.properties, _ours(item)
    if _RESERVED in said:
        said = msgspec.json.encode({key: value for key, value in json.loads(said).items() if key != RESERVED})
    if not ours:
        return said.decode() or "{}"
    kept = _encode(ours).decode()
    rest = said[1:].lstrip().decode() or "}"
    return f'{{"{RESERVED}":{kept}{"" if rest[0] == "}" else ","}{rest}'


def _ours(item: Item) -> dict[str, object]:
    ours = item.corrections or {}
    if item.is_entry and item.click_id:
        ours = {**ours, "click_id": item.click_id}
    session = item.context.session
    if item.session_id and session is not None and 0 < (session.number or 0) < _MOST_IN_A_VISIT:
        ours = {**ours, "number": session.number}
        if session.id != item.session_id and (visit := as_text(session.id, ID_LIMIT)) != item.session_id:
            ours["visit"] = visit
    return ours


def signals_of(items: list[Item]) -> list[Signal]:
    """What the reactor should hear of: what says who somebody is, or was, of people who agreed to be known."""
    return [
        _signal(item, kind)
        for item in items
        if item.consent >= 2 and item.request.source != "loopline" and (kind := signal_kind(item.kind, item.name))
    ]


def _signal(item: Item, kind: str) -> Signal:
    event = item.event
    traits = bytes(event.traits) or bytes(item.context.traits)
    is_traits = item.kind in {"identify", "group"}
    properties: dict[str, Any] = json.loads(item.properties) if item.properties else {}
    loaded = properties if is_traits else _object(traits)
    return Signal(
        seq=item.seq,
        kind=kind,
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
