"""What can be measured about behaviour: how often, when last, how long, how much in all."""

from dataclasses import dataclass
from enum import StrEnum

from loopline.rules.words import listed

KINDS = {
    "page": "viewed",
    "track": "did",
    "form": "sent a form on",
    "email": "clicked an e-mail about",
    "call": "answered a call",
    "meeting": "had a meeting",
    "offline": "was at",
}
"""Kinds of events that tell something about a person's interest, with their verb. Opening an e-mail is none."""
_ANY_OF_THEM = {
    "page": "viewed a page",
    "track": "did something",
    "form": "sent a form",
    "email": "clicked an e-mail",
    "offline": "was at an event",
}
"""The verb where neither a name nor a page says which one."""


@dataclass(frozen=True, slots=True)
class PropertyTest:
    """A property of an event that is one of some texts, or a number within bounds."""

    name: str
    words: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None

    def phrase(self) -> str:
        """`plan pro or team`, `seats at least 5`."""
        if self.words:
            return f"{self.name} {listed(self.words)}"
        bounds = [("at least", self.at_least), ("at most", self.at_most)]
        return f"{self.name} {' and '.join(f'{word} {bound:,}' for word, bound in bounds if bound is not None)}"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Events of a kind, with this name, on pages whose path starts so, …; what is empty takes any."""

    kind: str = ""
    path: str = ""
    name: str = ""
    channel: str = ""
    """Channel group, such as `Paid Search`."""
    campaigns: tuple[str, ...] = ()
    """Names or codes of campaigns, of which the event came through one; compared without regard to case."""
    where: tuple[PropertyTest, ...] = ()

    def phrase(self) -> str:
        """`viewed /pricing`, `did “Trial started”`, `was here`."""
        verb = KINDS.get(self.kind, "did something on" if self.path else "was here")
        if not self.path and (self.kind == "page" or not self.name):
            verb = _ANY_OF_THEM.get(self.kind, verb)
        named = f" “{self.name}”" if self.name else ""
        said = f"{verb}{named} {self.path}".rstrip()
        if self.channel:
            said += f" from {self.channel}"
        if self.campaigns:
            said += f" through the campaign “{listed(self.campaigns)}”"
        return said + "".join(f" with {test.phrase()}" for test in self.where)


class Measuring(StrEnum):
    COUNT = "count"
    LAST_AT = "last_at"
    ENGAGED_MS = "engaged_ms"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Measure:
    measuring: Measuring
    events: EventFilter
    within_days: int | None = None
    half_life_days: int | None = None
    """An event so many days old counts half, one of twice that age a quarter; worked out when it is asked."""
    property: str = ""
    """What is added up, for a sum."""


def window(within_days: int | None, half_life_days: int | None = None) -> str:
    """` in the last 30 days, halved every 7 days`, or nothing for all time."""
    said = ""
    if within_days is not None:
        said = " in the last day" if within_days == 1 else f" in the last {within_days} days"
    if half_life_days is not None:
        said += ", halved every day" if half_life_days == 1 else f", halved every {half_life_days} days"
    return said


def times(count: float) -> str:
    if count != int(count):
        return f"{count:.1f} times"
    return {1: "once", 2: "twice"}.get(int(count), f"{int(count)} times")


def figure(value: float) -> str:
    """A number as people read it: at most one decimal, none where there is none."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
