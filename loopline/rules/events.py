"""Which events a condition is about: read from JSON, written as JSON and as text, and read from text."""

import re
from collections.abc import Mapping

from loopline.rules.errors import RuleError
from loopline.rules.measures import KINDS, EventFilter, PropertyTest
from loopline.rules.tokens import Tokens, number_text, word_text, words_text
from loopline.rules.values import number_at, text_at, texts_at

_KEYS = {"kind", "path", "name", "channel", "campaign", "where"}
_NAME = re.compile(r"[^\W\d_][\w .:-]{0,59}")
_MOST_TESTS = 10

SCHEMA: dict[str, object] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "kind": {"enum": list(KINDS)},
        "path": {"$ref": "#/$defs/text", "description": "how the path of the page begins"},
        "name": {"$ref": "#/$defs/text", "description": "name of the event"},
        "channel": {"$ref": "#/$defs/text", "description": "channel group"},
        "campaign": {"$ref": "#/$defs/texts", "description": "names or codes of campaigns"},
        "where": {
            "type": "object",
            "maxProperties": _MOST_TESTS,
            "propertyNames": {"maxLength": 60},
            "additionalProperties": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": {
                    "is": {"$ref": "#/$defs/texts"},
                    "at_least": {"$ref": "#/$defs/number"},
                    "at_most": {"$ref": "#/$defs/number"},
                },
            },
        },
    },
}
"""JSON schema of the events a condition is about."""


def read_filter(json: Mapping[str, object], key: str) -> EventFilter:
    """The events named under `key`. Raises RuleError."""
    value = json.get(key)
    if not isinstance(value, Mapping) or not value.keys() <= _KEYS:
        raise RuleError(f"“{key}” must be an object with some of {', '.join(sorted(_KEYS))}")
    kind = text_at(value, "kind")
    if kind and kind not in KINDS:
        raise RuleError(f"There is no kind of event “{kind}”; there are {', '.join(KINDS)}")
    campaigns = texts_at(value, "campaign") if "campaign" in value else ()
    return EventFilter(
        kind, text_at(value, "path"), text_at(value, "name"), text_at(value, "channel"), campaigns, _read_where(value)
    )


def property_name(value: object) -> str:
    """The name of a property, checked. Raises RuleError."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise RuleError(
            f"{value!r:.80} is no name of a property: a letter, then at most 59 letters, digits, _ . : - or spaces"
        )
    return value


def _read_where(json: Mapping[str, object]) -> tuple[PropertyTest, ...]:
    where = json.get("where", {})
    if not isinstance(where, Mapping) or len(where) > _MOST_TESTS:
        raise RuleError(f"“where” must be an object with at most {_MOST_TESTS} properties")
    return tuple(_read_test(property_name(name), test) for name, test in where.items())


def _read_test(name: str, test: object) -> PropertyTest:
    bounds = {"at_least", "at_most"}
    if not isinstance(test, Mapping) or not test or not (test.keys() == {"is"} or test.keys() <= bounds):
        raise RuleError(f'“{name}” must be {{"is": […]}} or have at_least, at_most or both')
    if "is" in test:
        return PropertyTest(name, words=texts_at(test, "is"))
    least, most = (number_at(test, key) if key in test else None for key in ("at_least", "at_most"))
    return PropertyTest(name, at_least=least, at_most=most)


def filter_json(events: EventFilter) -> dict[str, object]:
    pairs: dict[str, object] = {
        "kind": events.kind,
        "path": events.path,
        "name": events.name,
        "channel": events.channel,
        "campaign": list(events.campaigns),
        "where": {test.name: _test_json(test) for test in events.where},
    }
    return {key: value for key, value in pairs.items() if value}


def _test_json(test: PropertyTest) -> dict[str, object]:
    if test.words:
        return {"is": list(test.words)}
    bounds = {"at_least": test.at_least, "at_most": test.at_most}
    return {key: value for key, value in bounds.items() if value is not None}


def filter_text(events: EventFilter) -> str:
    """` page on /pricing named Prices where plan is pro`; empty for any event."""
    said = f" {events.kind}" if events.kind else ""
    for word, value in (("on", events.path), ("named", events.name), ("from", events.channel)):
        said += f" {word} {word_text(value)}" if value else ""
    if events.campaigns:
        said += f" through {words_text(events.campaigns)}"
    return said + "".join(f" where {word_text(test.name)} {_test_text(test)}" for test in events.where)


def _test_text(test: PropertyTest) -> str:
    if test.words:
        return f"is {words_text(test.words)}"
    bounds = [("at least", test.at_least), ("at most", test.at_most)]
    return " ".join(f"{word} {number_text(bound)}" for word, bound in bounds if bound is not None)


def parse_filter(tokens: Tokens) -> dict[str, object]:
    """The events at this place of a text, as JSON."""
    json: dict[str, object] = {}
    where: dict[str, object] = {}
    if tokens.next_is(*KINDS):
        json["kind"] = tokens.word()
    for word, key in (("on", "path"), ("named", "name"), ("from", "channel")):
        if tokens.take(word):
            json[key] = tokens.word()
    if tokens.take("through"):
        json["campaign"] = tokens.words()
    while tokens.take("where"):
        name = tokens.word()
        where[name] = _parse_test(tokens)
    return json | ({"where": where} if where else {})


def _parse_test(tokens: Tokens) -> dict[str, object]:
    if tokens.take("is"):
        return {"is": tokens.words()}
    json: dict[str, object] = {}
    if tokens.take("at", "least"):
        json["at_least"] = tokens.number()
    if tokens.take("at", "most"):
        json["at_most"] = tokens.number()
    return json
