"""Keep only what the person agreed to.

Modes: 0 nothing · 1 cookieless, no identifier · 2 first-party identifier · 3 identified. Global Privacy Control and
Do Not Track mean 1 at most. Without a word about consent a server is taken at 2: it answers for what it sends; a
browser at 1.
"""

import json
from typing import Any

import msgspec

from loopline.collect.request import Flag
from loopline.collect.work import Item, Work

_DEFAULT = {"browser": 1}
_PERSONAL = ("email", "mail", "phone", "name", "company", "address", "fields", "traits", "userid", "user_id")


def honour_consent(work: Work) -> None:
    """Drop events of mode 0 and, at mode 1, identifying calls; take every identifier out of the rest of mode 1."""
    kept: list[Item] = []
    for item in work.items:
        item.consent = mode = _mode(item)
        if mode >= 2:
            kept.append(item)
        elif mode == 0:
            work.drop(item, "no_consent")
        elif item.kind in {"identify", "group"}:
            work.drop(item, "consent_identifies")
        else:
            _anonymise(item)
            kept.append(item)
    work.items = kept


def _mode(item: Item) -> int:
    said = item.context.consent
    if not isinstance(said, int):
        said = _DEFAULT.get(item.request.source, 2)
    mode = min(max(said, 0), 3)
    return min(mode, 1) if item.request.flags & Flag.OPTED_OUT else mode


def _anonymise(item: Item) -> None:
    # The page view's own id stays: it is random, lives as long as the page, and leads to nobody.
    item.visitor_id = item.user_id = item.person_id = item.email = ""
    if item.context.traits:
        item.context = msgspec.structs.replace(item.context, traits=msgspec.Raw(b""))
    if item.properties:
        kept = {key: value for key, value in json.loads(item.properties).items() if not _is_personal(key, value)}
        item.properties = msgspec.json.encode(kept) if kept else b""


def _is_personal(key: str, value: Any) -> bool:
    return any(part in key.lower() for part in _PERSONAL) or "@" in str(value)
