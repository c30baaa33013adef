"""A lead definition as text that people read, compare and keep in files; and back.

who
  person.business_email
need
  any of
    form demo within 90 days
    score interest level hot
never
  person.job_title contains student
score interest of 100 points hot 60 warm 30
  20 when company.known
  10 each page on /pricing within 90 days half-life 14 days up to 40
segment nordics
  person.country is NO, SE
"""

from collections.abc import Sequence

from loopline.rules.definition import EVIDENCE, Definition, read_definition
from loopline.rules.errors import RuleError
from loopline.rules.events import filter_text, parse_filter
from loopline.rules.score import Points, PointsWhen, Score
from loopline.rules.text import INDENT, Line, read_lines, rule_of, rule_text
from loopline.rules.tokens import Tokens, parse_window, window_text, word_text

_SECTIONS = (*EVIDENCE, "also", "never")


def definition_text(definition: Definition) -> str:
    """The definition as text, in a fixed order, so that two versions can be compared line by line."""
    parts = [f"{part}\n{rule_text(rule, 1)}" for part, rule in definition.evidence.items()]
    if definition.also is not None:
        parts.append(f"also\n{rule_text(definition.also, 1)}")
    if definition.never:
        parts.append("never\n" + "".join(rule_text(rule, 1) for rule in definition.never))
    parts += [_score_text(score) for score in definition.scores.values()]
    parts += [f"segment {word_text(name)}\n{rule_text(rule, 1)}" for name, rule in definition.segments.items()]
    return "".join(parts)


def _score_text(score: Score) -> str:
    levels = "".join(f" {word_text(name)} {least}" for name, least in score.levels)
    points = "".join(_points_text(one) for one in score.points)
    return f"score {word_text(score.name)} of {score.cap} points{levels}\n{points}"


def _points_text(one: Points) -> str:
    if isinstance(one, PointsWhen):
        return f"{INDENT}{one.points} when\n{rule_text(one.rule, 2)}"
    up_to = "" if one.up_to is None else f" up to {one.up_to}"
    window = window_text(one.within_days, one.half_life_days)
    return f"{INDENT}{one.points} each{filter_text(one.events)}{window}{up_to}\n"


def parse_definition(text: str) -> Definition:
    """The definition written as text; a bare rule is one. Raises RuleError with the line and what is wrong there."""
    lines = read_lines(text)
    if not lines:
        raise RuleError("There is no definition in this text")
    first = lines[0].words.split()[0]
    if first not in {*_SECTIONS, "score", "segment"} or (first in {"score", "segment"} and len(lines) == 1):
        return read_definition(rule_of(lines))
    json: dict[str, dict[str, object]] = {"evidence": {}, "scores": {}, "segments": {}}
    rest: dict[str, object] = {}
    for head, below in _blocks(lines, 0):
        try:
            _read_section(head, below, json, rest)
        except RuleError as error:
            told = str(error)
            raise RuleError(told if told.startswith("Line ") else f"Line {head.number}: {told}") from error
    return read_definition(rest | {key: value for key, value in json.items() if value})


def _blocks(lines: Sequence[Line], depth: int) -> list[tuple[Line, Sequence[Line]]]:
    """Each line of this depth with the lines below it."""
    starts = [number for number, line in enumerate(lines) if line.depth == depth]
    if not starts or starts[0] != 0:
        raise RuleError(f"Line {lines[0].number}: indented too far")
    ends = [*starts[1:], len(lines)]
    return [(lines[start], lines[start + 1 : end]) for start, end in zip(starts, ends, strict=True)]


def _read_section(
    head: Line, below: Sequence[Line], json: dict[str, dict[str, object]], rest: dict[str, object]
) -> None:
    tokens = Tokens(head.words)
    if not below:
        raise RuleError(f"“{head.words}” needs lines below it, indented by two spaces")
    if tokens.take("segment"):
        json["segments"][tokens.word()] = rule_of(below)
        return tokens.end()
    if tokens.take("score"):
        name, score = _parse_score(tokens, below)
        json["scores"][name] = score
        return None
    section = tokens.word()
    tokens.end()
    if section in EVIDENCE:
        json["evidence"][section] = rule_of(below)
    elif section == "also":
        rest["also"] = rule_of(below)
    elif section == "never":
        rest["never"] = [rule_of([line, *more]) for line, more in _blocks(below, 1)]
    else:
        raise RuleError(f"There is no part “{section[:60]}”; there are {', '.join(_SECTIONS)}, score and segment")
    return None


def _parse_score(tokens: Tokens, below: Sequence[Line]) -> tuple[str, dict[str, object]]:
    name = tokens.word()
    tokens.expect("of")
    cap = tokens.number()
    tokens.expect("points")
    levels: dict[str, object] = {}
    while not tokens.is_at_end:
        level = tokens.word()
        levels[level] = tokens.number()
    points = [_parse_points(line, more) for line, more in _blocks(below, 1)]
    return name, {"cap": cap, "points": points} | ({"levels": levels} if levels else {})


def _parse_points(line: Line, below: Sequence[Line]) -> dict[str, object]:
    try:
        tokens = Tokens(line.words)
        json: dict[str, object] = {"points": tokens.number()}
        if tokens.take("when"):
            tokens.end()
            if not below:
                raise RuleError("“when” needs the rule below it, indented by two more spaces")
            return json | {"when": rule_of(below)}
        tokens.expect("each")
        json |= {"each": parse_filter(tokens)} | parse_window(tokens, has_half_life=True)
        if tokens.take("up", "to"):
            json["up_to"] = tokens.number()
        tokens.end()
        return json
    except RuleError as error:
        raise RuleError(str(error) if str(error).startswith("Line ") else f"Line {line.number}: {error}") from error
