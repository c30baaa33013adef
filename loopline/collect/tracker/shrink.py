"""Makes our script small without a build: no comments, no needless space, short names.

Understands only what our own script uses: no template literals, one division a line at most, each name declared in a
`let` of its own or as a parameter of an arrow function, every statement ends in `;` or `}`.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import product
from string import ascii_letters

_TOKEN = re.compile(
    r"""
    \s+ | //[^\n]*
    | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*'
    | /(?![/*])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*  # a regular expression
    | [\w$]+ | \.\.\. | .
    """,
    re.VERBOSE,
)
_DECLARED = re.compile(r"\blet ([\w, ]+?)(?: = |;| in )|\(([\w, .]*)\) =>|(\w+) =>")


def shrink(source: str) -> str:
    tokens = [one.group() for one in _TOKEN.finditer(source)]
    tokens = [one for one in tokens if not one.startswith("//")]
    short = _short_names(source, tokens)
    return "".join(_joined(tokens, short))


def _joined(tokens: list[str], short: dict[str, str]) -> Iterator[str]:
    words = list(_with_lists(one for one in tokens if not one.isspace()))
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        if word == ";" and after == "}":
            continue
        if _is_word(before[-1:]) and _is_word(word[0]):
            yield " "
        is_key = before == "." or (after == ":" and before in {"{", ","})
        yield word if is_key else short.get(word, word)


def _with_lists(words: Iterable[str]) -> Iterator[str]:
    """`let a = 1; let b = 2;` as one declaration: `let a = 1, b = 2;`."""
    declares = [False]
    held = ""
    for word in words:
        if held and word == "let":
            yield ","
            held = ""
            continue
        if held:
            yield held
            declares[-1], held = False, ""
        if word == ";" and declares[-1]:
            held = word
            continue
        if word in "{(":
            declares.append(False)
        elif word in ")}":
            declares.pop()
        elif word == "let":
            declares[-1] = True
        yield word
    if held:
        yield held


def _short_names(source: str, tokens: list[str]) -> dict[str, str]:
    """A short name for each name the script declares, the shortest for those used most."""
    declared: set[str] = set()
    for match in _DECLARED.finditer(re.sub(r"//[^\n]*", "", source)):
        for group in match.groups():
            declared.update(re.findall(r"\w+", group or ""))
    taken = {*tokens, "do", "if", "in", "as", "is", "of"}
    names = ("".join(letters) for size in (1, 2) for letters in product(ascii_letters, repeat=size))
    free = (name for name in names if name not in taken)
    by_use = sorted(declared, key=lambda name: (-tokens.count(name), name))
    return {name: next(free) for name in by_use if len(name) > 1}


def _is_word(character: str) -> bool:
    return character.isalnum() or character in {"_", "$"}
