"""What to say next to a person, from what they wrote and read. Pure: the same facts give the same words."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Read:
    """One topic somebody read about."""

    topic: str
    views: int
    titles: Sequence[str]
    """Titles or paths of its pages, the one with most attention first."""


@dataclass(frozen=True, slots=True)
class Known:
    message: str = ""
    origin: str = ""
    reads: Sequence[Read] = ()
    """The strongest interest first."""
    read_prices: bool = False


def what_to_say(known: Known) -> list[str]:
    """At most four openings, the strongest first; empty where nothing is known."""
    said = []
    if known.message:
        said.append(f"Begin with what they wrote: “{_short(known.message, 160)}”")
    elif known.origin:
        said.append(f"Begin with what they did: {known.origin}.")
    if known.read_prices:
        said.append("They read the prices: be ready to talk about budget, who decides, and when.")
    for one in known.reads[:2]:
        pages = f"{one.views} page view{'' if one.views == 1 else 's'}"
        about = f", most of all “{_short(one.titles[0], 80)}”" if one.titles else ""
        said.append(f"They read about {one.topic} ({pages}{about}): ask how they do it today.")
    return said[:4]


def _short(text: str, length: int) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= length else f"{one_line[: length - 1].rstrip()}…"
