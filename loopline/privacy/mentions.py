"""Taking a person's name, address and number out of text that others wrote. Pure.

In what belongs to the person (notes on their lead, minutes of the huddle that talked about it) every one of their names
goes. Elsewhere only a full name does, and not one that somebody else has, too: “Anna” may be anybody.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

GONE = "[erased]"
_SHORTEST = 6
"""A number or an id this short stands in too many texts for other reasons."""
_SHORT_WORD = 2
"""“de”, “af” and initials are no names."""


@dataclass(frozen=True)
class Mentions:
    """Texts that name the person."""

    texts: tuple[str, ...]
    words: tuple[str, ...] = ()
    """Parts of names, as they are written: “Will” and not “will”."""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(_any_of(self.texts), re.IGNORECASE)

    @cached_property
    def _parts(self) -> re.Pattern[str]:
        return re.compile(_any_of(self.words))

    @property
    def needles(self) -> list[str]:
        """What to look for in a column: as text, and as JSON writes it where that differs."""
        return sorted({form for one in self.texts for form in (one, json.dumps(one)[1:-1])})

    def without(self, value: Any) -> Any:
        """The same text, or JSON of texts, with each mention replaced by “[erased]”."""
        if isinstance(value, str):
            return self._parts.sub(GONE, self._pattern.sub(GONE, value))
        if isinstance(value, list):
            return [self.without(one) for one in value]
        if isinstance(value, dict):
            return {self.without(key): self.without(one) for key, one in value.items()}
        return value


def everywhere(
    names: Iterable[str], emails: Iterable[str], phones: Iterable[str], ids: Iterable[str], *, taken: Iterable[str]
) -> Mentions:
    """What is looked for in all texts. `taken`: names that others have, too, in lower case."""
    others = set(taken)
    full = [one for one in names if len(one.split()) > 1 and one.lower() not in others]
    return Mentions(tuple({*full, *emails, *(one for one in (*phones, *ids) if len(one) >= _SHORTEST)}))


def in_their_own(everywhere: Mentions, names: Iterable[str]) -> Mentions:
    """What is looked for in what belongs to the person."""
    known = [one for one in names if len(one) > 1]
    parts = {part for one in known for part in one.split() if len(part) > _SHORT_WORD}
    return Mentions(tuple({*everywhere.texts, *known}), tuple(parts))


def _any_of(texts: Iterable[str]) -> str:
    longest_first = sorted(texts, key=len, reverse=True)
    return "|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in longest_first) or r"(?!)"
