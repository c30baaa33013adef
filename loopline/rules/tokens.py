"""The words of a line of a rule in its text form."""

import json
import re
from collections.abc import Sequence

from loopline.rules.errors import RuleError

_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|(,)|([^\s",]+))')
_BARE = re.compile(r"[\w./@:+&-]+")
RESERVED = frozenset(
    "all any not unless at least most of times day days seconds points is contains within half-life on named from "
    "through where each up once to level when".split()
)
"""Words of the language; a value that is one of them is written in quotation marks."""


class Tokens:
    """One line, read from left to right. Every reading raises RuleError with what was expected instead."""

    def __init__(self, line: str) -> None:
        self._words: list[tuple[str, bool]] = []
        """Each word, and whether it stood in quotation marks."""
        self._at = 0
        place = 0
        while line[place:].strip():
            found = _TOKEN.match(line, place)
            if found is None:
                raise RuleError(f"A quotation mark is not closed in: {line.strip()[:100]}")
            place = found.end()
            quoted, comma, bare = found.groups()
            self._words.append((_unquoted(quoted), True) if quoted else (comma or bare, False))

    def next_is(self, *words: str) -> bool:
        return self._at < len(self._words) and self._words[self._at] in [(word, False) for word in words]

    def begins(self, starts: tuple[str, ...]) -> bool:
        return self._at < len(self._words) and self._words[self._at][0].startswith(starts)

    def take(self, *words: str) -> bool:
        """Pass these words of the language if they stand here."""
        if self._words[self._at : self._at + len(words)] != [(word, False) for word in words]:
            return False
        self._at += len(words)
        return True

    def expect(self, *words: str) -> None:
        if not self.take(*words):
            raise RuleError(f"“{' '.join(words)}” is expected, not {self._here}")

    def word(self) -> str:
        """A value."""
        if self._at >= len(self._words) or self._words[self._at] == (",", False):
            raise RuleError(f"A word is expected, not {self._here}")
        self._at += 1
        return self._words[self._at - 1][0]

    def words(self) -> list[str]:
        """Values with commas between them."""
        found = [self.word()]
        while self.take(","):
            found.append(self.word())
        return found

    def number(self) -> int:
        here, word = self._here, self.word()
        if not re.fullmatch(r"-?\d{1,12}", word):
            raise RuleError(f"A whole number is expected, not {here}")
        return int(word)

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._words)

    def end(self) -> None:
        if self._at < len(self._words):
            raise RuleError(f"{self._here} does not belong here")

    @property
    def _here(self) -> str:
        return f"“{self._words[self._at][0][:60]}”" if self._at < len(self._words) else "the end of the line"


def _unquoted(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except json.JSONDecodeError as error:
        raise RuleError(f"{quoted[:60]} is no text in quotation marks: {error.msg}") from error


def word_text(value: str) -> str:
    """A value as it is written: in quotation marks where it could be read as something else."""
    is_plain = _BARE.fullmatch(value) and value.lower() not in RESERVED
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def words_text(values: Sequence[str]) -> str:
    return ", ".join(word_text(value) for value in values)


def number_text(value: int) -> str:
    return str(value)


def window_text(within_days: int | None, half_life_days: int | None = None) -> str:
    """` within 30 days half-life 7 days`."""
    said = f" within {within_days} days" if within_days is not None else ""
    return said + (f" half-life {half_life_days} days" if half_life_days is not None else "")


def parse_window(tokens: Tokens, *, has_half_life: bool = False) -> dict[str, object]:
    """The window at this place of a text, as JSON; nothing for all time."""
    json: dict[str, object] = {}
    if tokens.take("within"):
        json["within_days"] = _days(tokens)
    if has_half_life and tokens.take("half-life"):
        json["half_life_days"] = _days(tokens)
    return json


def _days(tokens: Tokens) -> int:
    days = tokens.number()
    if not tokens.take("day"):
        tokens.expect("days")
    return days
