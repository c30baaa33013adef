"""Rules as text that people read, compare and keep in files; and back.

    all of
      person.business_email
      any of
        form demo within 90 days
        count page on /pricing at least 2 times within 30 days half-life 14 days
      unless
        person.job_title contains student, intern
      at least 1 of
        score fit level B
        segment nordics

One condition a line; what a line joins stands below it, two spaces further in. A value that could be read as something
else stands in quotation marks. Printing and reading give the same rule (a property test holds them together).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from loopline.rules.errors import RuleError
from loopline.rules.library import CONDITIONS
from loopline.rules.read import MAX_DEPTH, read_rule
from loopline.rules.score import NOTHING_NAMED, Named, parse_condition
from loopline.rules.tokens import Tokens, word_text
from loopline.rules.tree import All, AnyOf, AtLeast, InSegment, Leaf, Not, Rule, Unless

INDENT = "  "
_WORDS = {kind.word or key: kind for key, kind in CONDITIONS.items()}
_RECORDS = ("person.", "company.", "lead.")


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    depth: int
    words: str


def rule_text(rule: Rule, depth: int = 0) -> str:
    """The rule as text, each line indented by `depth`; ends with a line break."""
    here = INDENT * depth
    match rule:
        case Leaf(condition):
            return f"{here}{condition.text()}\n"
        case InSegment(name):
            return f"{here}segment {word_text(name)}\n"
        case All(parts):
            return f"{here}all of\n{_below(parts, depth)}"
        case AnyOf(parts):
            return f"{here}any of\n{_below(parts, depth)}"
        case AtLeast(count, parts):
            return f"{here}at least {count} of\n{_below(parts, depth)}"
        case Not(part):
            return f"{here}not\n{_below([part], depth)}"
        case Unless(part):
            return f"{here}unless\n{_below([part], depth)}"


def _below(parts: Sequence[Rule], depth: int) -> str:
    return "".join(rule_text(part, depth + 1) for part in parts)


def parse_text(text: str, named: Named = NOTHING_NAMED) -> Rule:
    """The rule written as text. Raises RuleError with the line and what is wrong there."""
    lines = read_lines(text)
    if not lines:
        raise RuleError("There is no rule in this text")
    json = rule_of(lines)
    return read_rule(json, named)


def read_lines(text: str) -> list[Line]:
    """The lines that say something; those that begin with # are remarks. Raises RuleError for a wrong indent."""
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        spaces = len(line) - len(line.lstrip(" "))
        if spaces % len(INDENT) or line[spaces] == "\t":
            raise RuleError(f"Line {number}: indent by {len(INDENT)} spaces a level")
        lines.append(Line(number, spaces // len(INDENT), words))
    return lines


def rule_of(lines: Sequence[Line]) -> dict[str, object]:
    """The JSON of the one rule that these lines are."""
    json, rest = _rule(lines)
    if rest:
        raise RuleError(f"Line {rest[0].number}: there is another rule already; join them with “all of” above both")
    return json


def _rule(lines: Sequence[Line]) -> tuple[dict[str, object], Sequence[Line]]:
    first, inner = lines[0], 1
    if first.depth > MAX_DEPTH + 4:
        raise RuleError(f"Line {first.number}: a rule is at most {MAX_DEPTH} levels deep")
    while inner < len(lines) and lines[inner].depth > first.depth:
        inner += 1
    below, rest = lines[1:inner], lines[inner:]
    try:
        return _read(first, below), rest
    except RuleError as error:
        raise RuleError(str(error) if str(error).startswith("Line ") else f"Line {first.number}: {error}") from error


def _read(first: Line, below: Sequence[Line]) -> dict[str, object]:
    tokens = Tokens(first.words)
    joined = _joined(tokens)
    if joined is None:
        if below:
            raise RuleError(
                f"Line {below[0].number}: only all of, any of, not, unless and at least … of have lines below"
            )
        return _leaf(tokens)
    parts = _parts(first, below)
    key, count = joined
    if key in {"not", "unless"}:
        if len(parts) > 1:
            raise RuleError(f"“{key}” has one line below it; join several with “all of” or “any of”")
        return {key: parts[0]}
    return {"at_least": count, "of": parts} if key == "of" else {key: parts}


def _joined(tokens: Tokens) -> tuple[str, int] | None:
    """How the lines below are joined; None where this line is a condition."""
    for key in ("all", "any"):
        if tokens.take(key, "of"):
            return (key, 0)
    for key in ("not", "unless"):
        if tokens.take(key):
            tokens.end()
            return (key, 0)
    if tokens.take("at", "least"):
        count = tokens.number()
        tokens.expect("of")
        return ("of", count)
    return None


def _parts(first: Line, below: Sequence[Line]) -> list[dict[str, object]]:
    if not below:
        raise RuleError(f"“{first.words}” joins the lines below it, indented by two more spaces; there are none")
    parts: list[dict[str, object]] = []
    while below:
        if below[0].depth != first.depth + 1:
            raise RuleError(f"Line {below[0].number}: indented by two spaces more than the line it belongs to")
        json, below = _rule(below)
        parts.append(json)
    return parts


def _leaf(tokens: Tokens) -> dict[str, object]:
    if tokens.take("segment"):
        json: dict[str, object] = {"segment": tokens.word()}
    elif tokens.take("score"):
        json = parse_condition(tokens)
    else:
        json = _condition(tokens)
    tokens.end()
    return json


def _condition(tokens: Tokens) -> dict[str, object]:
    for word, kind in _WORDS.items():
        if word != "field" and tokens.take(word):
            return kind.parse(tokens)
    if not tokens.begins(_RECORDS):
        raise RuleError(
            f"begins with none of: a field, score, segment, {', '.join(word for word in _WORDS if word != 'field')}"
        )
    return _WORDS["field"].parse(tokens)
