"""What can be measured about behaviour: how often, when last, how long."""

from dataclasses import dataclass
from enum import StrEnum

KINDS = {
    "page": "viewed",
    "track": "did",
    "form": "sent a form on",
    "email": "clicked an e-mail about",
    "call": "answered a call",
    "meeting": "had a meeting",
    "offline": "was at",
}
"""Kinds of events that tell something about a person's interest, with their verb."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Events of a kind, with this name, on pages whose path starts so; an empty text takes any."""

    kind: str = ""
    path: str = ""
    name: str = ""

    def phrase(self) -> str:
        """`viewed /pricing`, `did “Trial started”`, `was here`."""
        verb = KINDS.get(self.kind, "did something on" if self.path else "was here")
        if self.kind == "page" and not self.path:
            verb = "viewed a page"
        named = f" “{self.name}”" if self.name else ""
        return f"{verb}{named} {self.path}".rstrip()


class Measuring(StrEnum):
    COUNT = "count"
    LAST_AT = "last_at"
    ENGAGED_MS = "engaged_ms"


@dataclass(frozen=True, slots=True)
class Measure:
    measuring: Measuring
    events: EventFilter
    within_days: int | None = None


def window(within_days: int | None) -> str:
    """` in the last 30 days`, or nothing for all time."""
    if within_days is None:
        return ""
    return " in the last day" if within_days == 1 else f" in the last {within_days} days"


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
