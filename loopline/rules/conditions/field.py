"""A field of the person or company: known, one of some texts, holding a word, at least or at most a number."""

from collections.abc import Mapping
from dataclasses import dataclass

from loopline.lib.countries import country_name
from loopline.rules.condition import Condition, ConditionKind, Verdict
from loopline.rules.errors import RuleError
from loopline.rules.facts import Facts
from loopline.rules.fields import FIELDS, FieldKind, RuleField
from loopline.rules.measures import Measure
from loopline.rules.sql_parts import Source, SqlParts
from loopline.rules.values import number_at, texts_at
from loopline.rules.words import fits, holds_one_of, is_one_of, listed

_OPERATORS = {
    FieldKind.FLAG: frozenset[str](),
    FieldKind.TEXT: frozenset({"is", "contains"}),
    FieldKind.NUMBER: frozenset({"at_least", "at_most"}),
}


@dataclass(frozen=True, slots=True)
class FieldCondition:
    field: str
    operator: str = ""
    """`is`, `contains`, `at_least`, `at_most`, or empty: known, or true."""
    words: tuple[str, ...] = ()
    number: int = 0

    @property
    def _field(self) -> RuleField:
        return FIELDS[self.field]

    def to_json(self) -> dict[str, object]:
        if not self.operator:
            return {"field": self.field}
        return {"field": self.field, self.operator: list(self.words) or self.number}

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
        return [country_name(word) if self._field.holds_country else word for word in self.words]

    def measures(self) -> tuple[Measure, ...]:
        return ()

    def judge(self, facts: Facts) -> Verdict:
        value, field = facts.fields.get(self.field), self._field
        if field.kind is FieldKind.FLAG or not self.operator:
            is_met = value is not None and value is not False and value != ""
            has_text = is_met and not isinstance(value, bool)
            return Verdict(is_met, f"{field.label} {value}" if has_text else field.has if is_met else field.has_not)
        if value in (None, ""):
            return Verdict(None, f"{field.label} not known")
        told = country_name(value) if field.holds_country and isinstance(value, str) else value
        return Verdict(
            self._fits(value), f"{value:,} {field.label}" if isinstance(value, int) else f"{field.label} {told}"
        )

    def _fits(self, value: object) -> bool:
        match self.operator:
            case "is":
                return fits(is_one_of(self.words), str(value))
            case "contains":
                return fits(holds_one_of(self.words), str(value))
            case "at_least":
                return isinstance(value, int) and value >= self.number
        return isinstance(value, int) and value <= self.number

    def sql(self, parts: SqlParts) -> str:
        column = self._field.column
        match self.operator:
            case "is":
                return f"regexp_matches({column}, {parts.value(is_one_of(self.words))})"
            case "contains":
                return f"regexp_matches({column}, {parts.value(holds_one_of(self.words))})"
            case "at_least":
                return f"{column} >= {parts.value(self.number)}"
            case "at_most":
                return f"{column} <= {parts.value(self.number)}"
        return _email_sql(self.field, parts) if not column else f"{column} IS NOT NULL"


def _email_sql(field: str, parts: SqlParts) -> str:
    if field == "person.email":
        return f"coalesce({parts.column(Source.EMAILS, 'count(*)')}, 0) > 0"
    parts.needs_free_mail_domains = True
    business = "sum(CASE WHEN domain IN (SELECT unnest($free_mail_domains)) THEN 0 ELSE 1 END)"
    return f"coalesce({parts.column(Source.EMAILS, business)}, 0) > 0"


def _read(json: Mapping[str, object]) -> Condition:
    key = json.get("field")
    field = FIELDS.get(key) if isinstance(key, str) else None
    if field is None:
        raise RuleError(f"There is no field {key!r:.100}; there are {', '.join(FIELDS)}")
    operators = json.keys() - {"field"}
    if not operators:
        return FieldCondition(field.key)
    if len(operators) > 1 or not operators <= _OPERATORS[field.kind]:
        allowed = ", ".join(sorted(_OPERATORS[field.kind])) or "none"
        raise RuleError(f"{field.key} takes one operator or none; it has: {allowed}")
    [operator] = operators
    if field.kind is FieldKind.TEXT:
        return FieldCondition(field.key, operator, words=texts_at(json, operator))
    return FieldCondition(field.key, operator, number=number_at(json, operator))


CONDITION = ConditionKind("field", frozenset({"field", "is", "contains", "at_least", "at_most"}), _read)
