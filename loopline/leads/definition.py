"""Judging facts by a version of the lead definition. Pure: the same rules and facts give the same verdict."""

from dataclasses import dataclass

from loopline.rules.explain import explain, judge, to_sentence
from loopline.rules.facts import Facts
from loopline.rules.tree import Rule

NO_DEFINITION = "no lead definition is in force"

FIRST_RULES: dict[str, object] = {
    "all": [
        {"field": "person.business_email"},
        {"any": [{"consent": ["contact", "email", "phone"]}, {"form": ["demo", "contact"], "within_days": 90}]},
        {"field": "company.known"},
        {
            "any": [
                {"form": ["demo"], "within_days": 90},
                {"count": {"kind": "page", "path": "/pricing"}, "at_least": 1, "within_days": 30},
            ]
        },
    ]
}
"""What a new business unit begins with; its two sides change it from there."""


@dataclass(frozen=True, slots=True)
class Judgement:
    is_met: bool
    evidence: list[dict[str, object]]
    """[{"clause", "is_met", "reason"}]; `is_met` null: not known."""


def evaluate(rule: Rule, facts: Facts) -> Judgement:
    """The verdict with its clauses. What is not known is not met."""
    evidence: list[dict[str, object]] = [
        {"clause": clause.sentence, "is_met": clause.is_met, "reason": clause.reason} for clause in explain(rule, facts)
    ]
    return Judgement(judge(rule, facts).is_met is True, evidence)


def without_definition() -> Judgement:
    """Nothing to judge by: not met, and said so."""
    return Judgement(False, [{"clause": NO_DEFINITION, "is_met": None, "reason": "agree on one under Lead definition"}])


def definition_sentence(rule: Rule) -> str:
    return f"A lead is a person who {to_sentence(rule)}."
