"""What the reactor reads: events that change records."""

from datetime import UTC, datetime
from typing import Any

import msgspec

_KINDS = frozenset({"identify", "group", "form"})
_SAY_LOGOUT = frozenset({"signedout", "loggedout", "signout", "logout", "usersignedout", "userloggedout"})
"""Names of tracked events that say that somebody logged out, as the plans of common SDKs have them."""
_WITHOUT = str.maketrans("", "", " _-")


def signal_kind(kind: str, name: str) -> str:
    """As what the reactor hears of an event: identify, alias, group, form or logout; empty when it does not."""
    if kind in _KINDS:
        return "alias" if name == "alias" else kind
    if kind == "track" and "out" in name[-4:].lower() and name.translate(_WITHOUT).lower() in _SAY_LOGOUT:
        return "logout"
    return ""


class Signal(msgspec.Struct, frozen=True):
    """One identify, alias, group, form or logout event that passed all steps."""

    seq: int
    """Its number in the inbox: grows, never repeats. The reactor's cursor is the last one it finished."""
    kind: str
    """identify, alias, group, form or logout."""
    event_id: str
    unit_id: str
    source_id: str
    source: str
    visitor_id: str
    user_id: str
    previous_id: str
    group_id: str
    session_id: str
    email: str
    """Normalised; empty when none was given."""
    name: str
    traits: dict[str, Any]
    properties: dict[str, Any]
    occurred_us: int
    consent: int
    bot_verdict: str

    @property
    def occurred_at(self) -> datetime:
        return datetime.fromtimestamp(self.occurred_us / 1_000_000, UTC)

    @property
    def is_human(self) -> bool:
        return self.bot_verdict == "human"
