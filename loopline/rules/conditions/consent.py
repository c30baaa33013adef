"""The person agreed to one of some purposes, and did not withdraw it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loopline.rules.condition import Condition, ConditionKind, Verdict
from loopline.rules.facts import Facts
from loopline.rules.measures import Measure
from loopline.rules.sql_parts import Source, SqlParts
from loopline.rules.tokens import Tokens, words_text
from loopline.rules.values import texts_at
from loopline.rules.words import listed

GENERAL = "contact"
"""The purpose that a form's consent box is about."""
_WAYS = {GENERAL: "in general", "email": "by e-mail", "phone": "by phone"}


@dataclass(frozen=True, slots=True)
class ConsentCondition:
    purposes: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return {"consent": list(self.purposes)}

    def text(self) -> str:
        return f"consent {words_text(self.purposes)}"

    def sentence(self, *, is_denied: bool = False) -> str:
        verb = "did not agree" if is_denied else "agreed"
        return f"{verb} {_to_what(self.purposes, 'or')}"

    def measures(self) -> tuple[Measure, ...]:
        return ()

    def judge(self, facts: Facts) -> Verdict:
        granted = [purpose for purpose in self.purposes if facts.consents.get(purpose)]
        if granted:
            return Verdict(True, f"agreed {_to_what(granted, 'and')}")
        withdrawn = [purpose for purpose in self.purposes if purpose in facts.consents]
        return Verdict(False, f"refused {_to_what(withdrawn, 'and')}" if withdrawn else "no consent on record")

    def sql(self, parts: SqlParts) -> str:
        wanted = " OR ".join(f"purpose = {parts.value(purpose)}" for purpose in self.purposes)
        column = parts.column(Source.CONSENTS, f"sum(CASE WHEN is_granted AND ({wanted}) THEN 1 ELSE 0 END)")
        return f"coalesce({column}, 0) > 0"


def _to_what(purposes: Sequence[str], last: str) -> str:
    """`to be contacted by e-mail or by phone`; purposes of the organisation's own making stand in quotation marks."""
    if list(purposes) == [GENERAL]:
        return "to be contacted"
    return f"to be contacted {listed([_WAYS.get(purpose, f'for “{purpose}”') for purpose in purposes], last)}"


def _read(json: Mapping[str, object]) -> Condition:
    return ConsentCondition(texts_at(json, "consent"))


def _parse(tokens: Tokens) -> dict[str, object]:
    return {"consent": tokens.words()}


CONDITION = ConditionKind(
    "consent", frozenset({"consent"}), _read, _parse, {"consent": {"$ref": "#/$defs/texts"}}, ("consent",)
)
