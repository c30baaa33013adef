"""A field of the person, company or lead: known, one of some texts, holding a word, at least or at most a number."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from loopline.lib.countries import country_name
from loopline.rules.condition import Condition, ConditionKind, Verdict
from loopline.rules.errors import RuleError
from loopline.rules.facts import Facts, FieldValue
from loopline.rules.fields import FieldKind, RuleField, find_field
from loopline.rules.measures import Measure, figure
from loopline.rules.sql_parts import Source, SqlParts
from loopline.rules.tokens import Tokens, words_text
from loopline.rules.values import number_at, texts_at
from loopline.rules.words import fits, holds_one_of, is_one_of, listed

_OPERATORS = {
    FieldKind.FLAG: frozenset[str](),
    FieldKind.TEXT: frozenset({"is", "contains"}),
    FieldKind.NUMBER: frozenset({"at_least", "at_most"}),
    FieldKind.OWN: frozenset({"is", "contains", "at_least", "at_most"}),
}
_NUMBER = r"^-?[0-9]{1,15}([.][0-9]{1,9})?$"
"""A text in a field of own making that is a number; anything else there is not known as one."""


@dataclass(frozen=True, slots=True)
class FieldCondition:
    field: str
    operator: str = ""
    """`is`, `contains`, `at_least`, `at_most`, or empty: known, or true."""
    words: tuple[str, ...] = ()
    number: int = 0

    @property
    def _field(self) -> RuleField:
        return find_field(self.field)

    def to_json(self) -> dict[str, object]:
        if not self.operator:
            return {"field": self.field}
        return {"field": self.field, self.operator: list(self.words) or self.number}

    def text(self) -> str:
        if not self.operator:
            return self.field
        value = words_text(self.words) if self.words else str(self.number)
        return f"{self.field} {self.operator.replace('_', ' ')} {value}"

    def sentence(self, *, is_denied: bool = False) -> str:
        field = self._field
        if not self.operator:
            return field.has_not if is_denied else field.has
        if self.operator == "contains":
            return f"has {'no ' if is_denied else ''}{listed(self.words)} in the {field.label}"
        asked = field.asked_not if is_denied else field.asked
        bound = self.operator.replace("_", " ")
        return asked.format(listed(self._told) if self.words else f"{bound} {self.number:,}")

    @property
    def _told(self) -> list[str]:
        field = self._field
        if field.holds_code:
            return [word.replace("_", " ") for word in self.words]
        return [country_name(word) if field.holds_country else word for word in self.words]

    def measures(self) -> tuple[Measure, ...]:
        return ()

    def judge(self, facts: Facts) -> Verdict:
        value, field = facts.fields.get(self.field), self._field
        if field.kind is FieldKind.FLAG or not self.operator:
            is_met = value is not None and value is not False and value != ""
            has_text = is_met and not isinstance(value, bool)
            return Verdict(is_met, f"{field.label} {value}" if has_text else field.has if is_met else field.has_not)
        fits_it = None if value in (None, "") else self._fits(value)
        if fits_it is None:
            return Verdict(None, f"{field.label} not known")
        return Verdict(fits_it, self._reason(value))

    def _reason(self, value: FieldValue) -> str:
        field = self._field
        if field.kind is FieldKind.NUMBER and isinstance(value, int | float):
            return f"{figure(value)} {field.label}"
        told = country_name(value) if field.holds_country and isinstance(value, str) else _as_text(value)
        return f"{field.label} {told}"

    def _fits(self, value: FieldValue) -> bool | None:
        match self.operator:
            case "is":
                return fits(is_one_of(self.words), _as_text(value))
            case "contains":
                return fits(holds_one_of(self.words), _as_text(value))
        number = _as_number(value)
        if number is None:
            return None
        return number >= self.number if self.operator == "at_least" else number <= self.number

    def sql(self, parts: SqlParts) -> str:
        field = self._field
        if not field.column:
            return _email_sql(self.field, parts)
        own = f"nullif(json_extract_string(nullif({field.column}, ''), {parts.value(field.own_key)}), '')"
        column = parts.field(own if field.own_key else field.column)
        match self.operator:
            case "is":
                return f"regexp_matches({column}, {parts.value(is_one_of(self.words))})"
            case "contains":
                return f"regexp_matches({column}, {parts.value(holds_one_of(self.words))})"
            case "":
                return f"{column} IS NOT NULL"
        if field.own_key:
            is_number = f"regexp_matches({column}, {parts.value(_NUMBER)})"
            column = f"CASE WHEN {is_number} THEN TRY_CAST({column} AS DOUBLE) END"
        return f"{column} {'>=' if self.operator == 'at_least' else '<='} {parts.value(self.number)}"


def _as_text(value: FieldValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as_number(value: FieldValue) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return float(value) if isinstance(value, str) and re.fullmatch(_NUMBER.strip("^$"), value) else None


def _email_sql(field: str, parts: SqlParts) -> str:
    if field == "person.email":
        return f"coalesce({parts.column(Source.EMAILS, 'count(*)')}, 0) > 0"
    business = "sum(CASE WHEN domain IN (SELECT unnest($free_mail_domains)) THEN 0 ELSE 1 END)"
    return f"coalesce({parts.column(Source.EMAILS, business)}, 0) > 0"


def _read(json: Mapping[str, object]) -> Condition:
    field = find_field(json.get("field"))
    operators = json.keys() - {"field"}
    if not operators:
        return FieldCondition(field.key)
    if len(operators) > 1 or not operators <= _OPERATORS[field.kind]:
        allowed = ", ".join(sorted(_OPERATORS[field.kind])) or "none"
        raise RuleError(f"{field.key} takes one operator or none; it has: {allowed}")
    [operator] = operators
    if operator in {"is", "contains"}:
        return FieldCondition(field.key, operator, words=texts_at(json, operator))
    return FieldCondition(field.key, operator, number=number_at(json, operator))


def _parse(tokens: Tokens) -> dict[str, object]:
    json: dict[str, object] = {"field": tokens.word()}
    for operator in ("is", "contains"):
        if tokens.take(operator):
            json[operator] = tokens.words()
    for operator in ("least", "most"):
        if tokens.take("at", operator):
            json[f"at_{operator}"] = tokens.number()
    return json


CONDITION = ConditionKind(
    "field",
    frozenset({"field", "is", "contains", "at_least", "at_most"}),
    _read,
    _parse,
    {
        "field": {"type": "string"},
        "is": {"$ref": "#/$defs/texts"},
        "contains": {"$ref": "#/$defs/texts"},
        "at_least": {"$ref": "#/$defs/number"},
        "at_most": {"$ref": "#/$defs/number"},
    },
    ("field",),
)
