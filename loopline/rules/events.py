"""Reading which events a condition is about."""

from collections.abc import Mapping

from loopline.rules.errors import RuleError
from loopline.rules.measures import KINDS, EventFilter
from loopline.rules.values import text_at

_KEYS = {"kind", "path", "name"}


def read_filter(json: Mapping[str, object], key: str) -> EventFilter:
    """The events named under `key`. Raises RuleError."""
    value = json.get(key)
    if not isinstance(value, Mapping) or not value.keys() <= _KEYS:
        raise RuleError(f"“{key}” must be an object with some of {', '.join(sorted(_KEYS))}")
    kind = text_at(value, "kind")
    if kind and kind not in KINDS:
        raise RuleError(f"There is no kind of event “{kind}”; there are {', '.join(KINDS)}")
    return EventFilter(kind, text_at(value, "path"), text_at(value, "name"))


def filter_json(events: EventFilter) -> dict[str, str]:
    pairs = {"kind": events.kind, "path": events.path, "name": events.name}
    return {key: value for key, value in pairs.items() if value}
