"""Rules as JSON, and back. Whatever is not exactly a rule is refused with the place and the reason.

{"all": [{"field": "person.business_email"},
         {"any": [{"form": ["demo"]}, {"count": {"kind": "page", "path": "/pricing"}, "at_least": 2}]},
         {"not": {"field": "person.country", "is": ["XX"]}},
         {"unless": {"field": "person.job_title", "contains": ["student"]}},
         {"score": "fit", "at_least": 50}, {"segment": "nordics"},
         {"at_least": 1, "of": [{"consent": ["email"]}]}]}
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from loopline.rules.condition import Condition
from loopline.rules.errors import RuleError
from loopline.rules.library import CONDITIONS
from loopline.rules.score import NOTHING_NAMED, Named, ScoreCondition
from loopline.rules.tree import All, AnyOf, AtLeast, InSegment, Leaf, Not, Rule, Unless, conditions
from loopline.rules.values import number_at, text_at

MAX_DEPTH = 6
MAX_CONDITIONS = 100


def read_rule(value: object, named: Named = NOTHING_NAMED, *, place: str = "rule") -> Rule:
    """The rule that a JSON value (already parsed) stands for; it may refer to what is `named`. Raises RuleError."""
    rule = _Reader(named).read(value, place, 1)
    if sum(1 for _ in conditions(rule)) > MAX_CONDITIONS:
        raise RuleError(f"A rule has at most {MAX_CONDITIONS} conditions")
    return rule


def parse_rule(text: str) -> Rule:
    """The rule written as JSON text. Raises RuleError, also for text that is no JSON."""
    return read_rule(parse_json(text))


def parse_json(text: str) -> object:
    """What JSON text holds. Raises RuleError for text that is none, or nested without end."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise RuleError(f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise RuleError(f"A rule is at most {MAX_DEPTH} levels deep") from error


def rule_json(rule: Rule) -> dict[str, object]:
    """The rule as JSON; reading it again gives the same rule."""
    match rule:
        case Leaf(condition):
            return condition.to_json()
        case Not(part):
            return {"not": rule_json(part)}
        case Unless(part):
            return {"unless": rule_json(part)}
        case InSegment(name):
            return {"segment": name}
        case All(parts):
            return {"all": [rule_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [rule_json(part) for part in parts]}
        case AtLeast(count, parts):
            return {"at_least": count, "of": [rule_json(part) for part in parts]}


@dataclass(frozen=True, slots=True)
class _Reader:
    named: Named

    def read(self, value: object, place: str, depth: int) -> Rule:
        if depth > MAX_DEPTH:
            raise RuleError(f"{place}: a rule is at most {MAX_DEPTH} levels deep")
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise RuleError(f'{place}: must be an object such as {{"field": "person.business_email"}}')
        match sorted(value):
            case ["all"]:
                return All(self._parts(value["all"], f"{place}.all", depth))
            case ["any"]:
                return AnyOf(self._parts(value["any"], f"{place}.any", depth))
            case ["not"]:
                return Not(self.read(value["not"], f"{place}.not", depth + 1))
            case ["unless"]:
                return Unless(self.read(value["unless"], f"{place}.unless", depth + 1))
            case ["at_least", "of"]:
                return self._at_least(value, place, depth)
        return self._leaf(value, place)

    def _parts(self, value: object, place: str, depth: int) -> tuple[Rule, ...]:
        if not isinstance(value, list) or not value:
            raise RuleError(f"{place}: must be a list with at least one part")
        if len(value) > MAX_CONDITIONS:
            raise RuleError(f"{place}: has at most {MAX_CONDITIONS} parts")
        return tuple(self.read(part, f"{place}[{number}]", depth + 1) for number, part in enumerate(value))

    def _at_least(self, value: Mapping[str, object], place: str, depth: int) -> AtLeast:
        parts = self._parts(value["of"], f"{place}.of", depth)
        try:
            return AtLeast(number_at(value, "at_least", least=1, most=len(parts)), parts)
        except RuleError as error:
            raise RuleError(f"{place}: {error}") from error

    def _leaf(self, value: Mapping[str, object], place: str) -> Rule:
        try:
            if "segment" in value:
                return self._segment(value)
            return Leaf(self._score(value) if "score" in value else _condition(value))
        except RuleError as error:
            raise RuleError(f"{place}: {error}") from error

    def _segment(self, value: Mapping[str, object]) -> InSegment:
        name = text_at(value, "segment")
        if name not in self.named.segments or len(value) > 1:
            raise RuleError(f"There is no segment “{name}”; there are {', '.join(self.named.segments) or 'none'}")
        return InSegment(name, self.named.segments[name])

    def _score(self, value: Mapping[str, object]) -> Condition:
        score = self.named.scores.get(text_at(value, "score"))
        if score is None:
            raise RuleError(
                f"There is no score {value['score']!r:.60}; there are {', '.join(self.named.scores) or 'none'}"
            )
        if value.keys() == {"score", "level"}:
            level = text_at(value, "level")
            if level not in dict(score.levels):
                known = ", ".join(name for name, _ in score.levels) or "none"
                raise RuleError(f"{score.name} has no level “{level}”; it has {known}")
            return ScoreCondition(score, level=level)
        if value.keys() != {"score", "at_least"}:
            raise RuleError("score takes at_least or level, one of them")
        return ScoreCondition(score, number_at(value, "at_least", most=score.cap))


def _condition(value: Mapping[str, object]) -> Condition:
    kinds = [kind for key, kind in CONDITIONS.items() if key in value]
    if len(kinds) != 1:
        asked = ", ".join(CONDITIONS)
        raise RuleError(f"needs exactly one of all, any, not, unless, at_least with of, score, segment, {asked}")
    [kind] = kinds
    if unknown := value.keys() - kind.keys:
        raise RuleError(f"{kind.key} knows no {', '.join(sorted(unknown))[:100]}")
    return kind.read(value)
