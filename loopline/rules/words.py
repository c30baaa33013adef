"""Texts compared without regard to case, the same way in Python and in both engines (RE2)."""

import re
from collections.abc import Sequence


def is_one_of(words: Sequence[str]) -> str:
    """A pattern that fits a text equal to one of `words`."""
    return f"(?i)^(?:{_either(words)})$"


def holds_one_of(words: Sequence[str]) -> str:
    """A pattern that fits a text with one of `words` in it."""
    return f"(?i)(?:{_either(words)})"


def fits(pattern: str, text: str) -> bool:
    return re.search(pattern.replace(")$", r")\Z"), text) is not None


def _either(words: Sequence[str]) -> str:
    return "|".join(re.escape(word) for word in words)


def listed(words: Sequence[str], last: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
