"""Checked values of a rule's JSON. Whatever is not plainly what it should be is refused."""

from collections.abc import Mapping

from loopline.rules.errors import RuleError

MAX_TEXT = 200
MAX_LIST = 50
MAX_DAYS = 3650
MAX_NUMBER = 1_000_000_000


def text_at(json: Mapping[str, object], key: str) -> str:
    """The text under `key`, "" when it is missing."""
    return checked_text(json.get(key, ""), key)


def checked_text(value: object, key: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        raise RuleError(f"“{key}” must be a text of at most {MAX_TEXT} printable characters")
    return value


def texts_at(json: Mapping[str, object], key: str) -> tuple[str, ...]:
    """The list of texts under `key`; at least one, none empty."""
    value = json.get(key)
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_LIST:
        raise RuleError(f"“{key}” must be a list of 1 to {MAX_LIST} texts")
    texts = tuple(checked_text(one, key).strip() for one in value)
    if "" in texts:
        raise RuleError(f"“{key}” holds an empty text")
    return texts


SCHEMAS: dict[str, object] = {
    "text": {"type": "string", "minLength": 0, "maxLength": MAX_TEXT},
    "texts": {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_LIST,
        "items": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT},
    },
    "number": {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER},
    "days": {"type": "integer", "minimum": 1, "maximum": MAX_DAYS},
}
"""JSON schemas of these values, by the name they are referred to."""


def number_at(json: Mapping[str, object], key: str, *, least: int = 0, most: int = MAX_NUMBER) -> int:
    value = json.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RuleError(f"“{key}” must be a whole number from {least} to {most}")
    return value


def days_at(json: Mapping[str, object], key: str = "within_days") -> int | None:
    """The number of days under `key`; None when it is missing: all time."""
    return number_at(json, key, least=1, most=MAX_DAYS) if key in json else None
