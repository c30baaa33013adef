"""Fields of an organisation's own making: what traits and imports say that no field of ours is for. Pure.

They can be asked for by rules (`person.custom.plan`). Names and addresses stay out: those belong into the records only.
"""

import json
import re
from collections.abc import Mapping

from loopline.lib.text import one_line

CustomValue = str | int | float | bool
MOST = 50
"""How many a record keeps; what comes after is left out."""
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_NAMES_SOMEBODY = re.compile(
    r"name|mail|phone|^tel|mobile|cell|whatsapp|address|street|birth|^dob|avatar|photo|message|comment|password|token"
    r"|contact|consent|ssn|iban|passport|licen[cs]e|linkedin|twitter|profile|(^|_)(ip|id|no|number)$"
)
_LOOKS_PERSONAL = re.compile(r"@|://|^\+?[\d ().-]{8,}$|^\d{1,3}(\.\d{1,3}){3}$")


def custom_key(said: str) -> str:
    """`Plan Name` → `plan_name`; empty for what cannot be a key."""
    key = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", said).lower()).strip("_")[:60]
    return key if _KEY.fullmatch(key) else ""


def custom_value(said: object) -> CustomValue | None:
    """A short text, a number or a truth; None for anything else and for what looks like an address or a phone."""
    if isinstance(said, bool | int):
        return said if isinstance(said, bool) or abs(said) < 10**15 else None
    if isinstance(said, float):
        return (int(said) if said == int(said) else said) if abs(said) < 10**15 else None
    text = one_line(said, 200) if isinstance(said, str) else ""
    return text if text and not _LOOKS_PERSONAL.search(text) else None


def custom_from(said: Mapping[str, object], known: frozenset[str] = frozenset()) -> dict[str, CustomValue]:
    """The custom fields in traits or form fields. `known`: keys, without case, spaces, - and _, that have a field."""
    found: dict[str, CustomValue] = {}
    for name, value in said.items():
        key, kept = custom_key(name), custom_value(value)
        if key and kept is not None and key.replace("_", "") not in known and not _NAMES_SOMEBODY.search(key):
            found[key] = kept
    return dict(list(found.items())[:MOST])


def with_custom(before: Mapping[str, CustomValue], said: Mapping[str, CustomValue]) -> dict[str, CustomValue]:
    """What a record holds after more was said: the last word counts, and the oldest keep their place."""
    return dict(list({**before, **said}.items())[:MOST])


def custom_json(values: Mapping[str, CustomValue]) -> str:
    """The fields as the event store keeps them; empty when there are none."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False) if values else ""
