"""The JSON schema of a rule, for editors and other programs.

What it cannot say (that a field or a score exists, how deep a rule may be) `rules.read` checks.
"""

from loopline.rules.condition import ConditionKind
from loopline.rules.definition import EVIDENCE
from loopline.rules.events import SCHEMA
from loopline.rules.library import CONDITIONS
from loopline.rules.read import MAX_CONDITIONS
from loopline.rules.score import MOST_POINTS
from loopline.rules.values import SCHEMAS

_RULE: dict[str, object] = {"$ref": "#/$defs/rule"}
_PARTS: dict[str, object] = {"type": "array", "minItems": 1, "maxItems": MAX_CONDITIONS, "items": _RULE}
_TEXT: dict[str, object] = {"$ref": "#/$defs/text"}


def _object(properties: dict[str, object], required: list[str]) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _of(kind: ConditionKind) -> dict[str, object]:
    return _object(dict(kind.schema), list(kind.required))


def definitions() -> dict[str, object]:
    """The parts that a schema with rules in it refers to."""
    joined = [
        _object({"all": _PARTS}, ["all"]),
        _object({"any": _PARTS}, ["any"]),
        _object({"not": _RULE}, ["not"]),
        _object({"unless": _RULE}, ["unless"]),
        _object({"at_least": {"type": "integer", "minimum": 1}, "of": _PARTS}, ["at_least", "of"]),
        _object({"segment": _TEXT}, ["segment"]),
        _object({"score": _TEXT, "at_least": {"$ref": "#/$defs/number"}}, ["score", "at_least"]),
        _object({"score": _TEXT, "level": _TEXT}, ["score", "level"]),
    ]
    return {"rule": {"oneOf": [*joined, *(_of(kind) for kind in CONDITIONS.values())]}, **SCHEMAS}


def rule_schema() -> dict[str, object]:
    """JSON schema (draft 2020-12) of a rule."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A rule of Loopline",
        "$ref": "#/$defs/rule",
        "$defs": definitions(),
    }


def definition_schema() -> dict[str, object]:
    """JSON schema (draft 2020-12) of a lead definition."""
    points: dict[str, object] = {"type": "integer", "minimum": -MOST_POINTS, "maximum": MOST_POINTS}
    days: dict[str, object] = {"$ref": "#/$defs/days"}
    each = _object(
        {"points": points, "each": SCHEMA, "within_days": days, "half_life_days": days, "up_to": points},
        ["points", "each"],
    )
    lines: dict[str, object] = {
        "type": "array",
        "minItems": 1,
        "items": {"oneOf": [_object({"points": points, "when": _RULE}, ["points", "when"]), each]},
    }
    score = _object(
        {"cap": {"type": "integer", "minimum": 1}, "levels": {"type": "object"}, "points": lines}, ["points"]
    )
    document = _object(
        {
            "evidence": _object(dict.fromkeys(EVIDENCE, _RULE), []),
            "also": _RULE,
            "never": {"type": "array", "items": _RULE},
            "scores": {"type": "object", "additionalProperties": score},
            "segments": {"type": "object", "additionalProperties": _RULE},
        },
        [],
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A lead definition of Loopline",
        "anyOf": [_RULE, document],
        "$defs": definitions(),
    }
