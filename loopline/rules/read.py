"""Rules as JSON, and back. Whatever is not exactly a rule is refused with the place and the reason.

{"all": [{"field": "person.business_email"},
         {"any": [{"form": ["demo"]}, {"count": {"kind": "page", "path": "/pricing"}, "at_least": 2}]},
         {"not": {"field": "person.country", "is": ["XX"]}},
         {"at_least": 1, "of": [{"consent": ["email"]}]}]}
"""

import json
from collections.abc import Mapping

from loopline.rules.errors import RuleError
from loopline.rules.library import CONDITIONS
from loopline.rules.tree import All, AnyOf, AtLeast, Leaf, Not, Rule, conditions
from loopline.rules.values import number_at

MAX_DEPTH = 6
MAX_CONDITIONS = 100


def read_rule(value: object) -> Rule:
    """The rule that a JSON value (already parsed) stands for. Raises RuleError."""
    rule = _read(value, "rule", 1)
    if sum(1 for _ in conditions(rule)) > MAX_CONDITIONS:
        raise RuleError(f"A rule has at most {MAX_CONDITIONS} conditions")
    return rule


def parse_rule(text: str) -> Rule:
    """The rule written as JSON text. Raises RuleError, also for text that is no JSON."""
    try:
        return read_rule(json.loads(text))
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
        case All(parts):
            return {"all": [rule_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [rule_json(part) for part in parts]}
        case AtLeast(count, parts):
            return {"at_least": count, "of": [rule_json(part) for part in parts]}


def _read(value: object, place: str, depth: int) -> Rule:
    if depth > MAX_DEPTH:
        raise RuleError(f"{place}: a rule is at most {MAX_DEPTH} levels deep")
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise RuleError(f'{place}: must be an object such as {{"field": "person.business_email"}}')
    match sorted(value):
        case ["all"]:
            return All(_parts(value["all"], f"{place}.all", depth))
        case ["any"]:
            return AnyOf(_parts(value["any"], f"{place}.any", depth))
        case ["not"]:
            return Not(_read(value["not"], f"{place}.not", depth + 1))
        case ["at_least", "of"]:
            return _read_at_least(value, place, depth)
    return _read_leaf(value, place)


def _read_at_least(value: Mapping[str, object], place: str, depth: int) -> AtLeast:
    parts = _parts(value["of"], f"{place}.of", depth)
    try:
        return AtLeast(number_at(value, "at_least", least=1, most=len(parts)), parts)
    except RuleError as error:
        raise RuleError(f"{place}: {error}") from error


def _read_leaf(value: Mapping[str, object], place: str) -> Leaf:
    kinds = [kind for key, kind in CONDITIONS.items() if key in value]
    if len(kinds) != 1:
        raise RuleError(f"{place}: needs exactly one of all, any, not, at_least with of, {', '.join(CONDITIONS)}")
    [kind] = kinds
    if unknown := value.keys() - kind.keys:
        raise RuleError(f"{place}: {kind.key} knows no {', '.join(sorted(unknown))[:100]}")
    try:
        return Leaf(kind.read(value))
    except RuleError as error:
        raise RuleError(f"{place}: {error}") from error


def _parts(value: object, place: str, depth: int) -> tuple[Rule, ...]:
    if not isinstance(value, list) or not value:
        raise RuleError(f"{place}: must be a list with at least one part")
    if len(value) > MAX_CONDITIONS:
        raise RuleError(f"{place}: has at most {MAX_CONDITIONS} parts")
    return tuple(_read(part, f"{place}[{number}]", depth + 1) for number, part in enumerate(value))
