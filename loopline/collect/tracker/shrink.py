"""Makes our script small without a build: no comments, no needless space, short names.

Understands only what our own script uses: no template literals, no division, every statement ends in `;` or `}`.
"""

import re
from collections.abc import Iterator
from itertools import product
from string import ascii_letters

_TOKEN = re.compile(
    r"""
    \s+ | //[^\n]*
    | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*'
    | /(?![/*])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*  # a regular expression
    | [\w$]+ | .
    """,
    re.VERBOSE,
)
_DECLARED = re.compile(r"\bvar ([^;]+?)(?: in |;)|\bfunction ?(\w*)\(([^)]*)\)|catch \((\w+)\)")


def shrink(source: str) -> str:
    tokens = [one.group() for one in _TOKEN.finditer(source)]
    tokens = [one for one in tokens if not one.startswith("//")]
    short = _short_names(source, tokens)
    return "".join(_joined(tokens, short))


def _joined(tokens: list[str], short: dict[str, str]) -> Iterator[str]:
    before = ""
    gap = False
    for token in tokens:
        if token.isspace():
            gap = True
            continue
        if gap and _is_word(before[-1:]) and _is_word(token[0]):
            yield " "
        yield token if before == "." else short.get(token, token)
        before, gap = token, False


def _short_names(source: str, tokens: list[str]) -> dict[str, str]:
    """A short name for each name the script declares, except those that are also keys of an object somewhere."""
    words = [one for one in tokens if not one.isspace()]
    declared: set[str] = set()
    for match in _DECLARED.finditer(re.sub(r"//[^\n]*", "", source)):
        for group in match.groups():
            declared.update(re.findall(r"(?:^|,)\s*(\w+)(?=\s*(?:=|,|$))", group or ""))
    threes = zip(words, words[1:], words[2:], strict=False)
    keys = {name for before, name, after in threes if after == ":" and before in "{,"}
    taken = {*words, "do", "if", "in", "as", "is", "of"}
    names = ("".join(letters) for size in (1, 2) for letters in product(ascii_letters, repeat=size))
    free = (name for name in names if name not in taken)
    by_use = sorted(declared - keys, key=lambda name: (-words.count(name), name))
    return {name: next(free) for name in by_use if len(name) > 1}


def _is_word(character: str) -> bool:
    return character.isalnum() or character in {"_", "$"}
