"""Judging facts by a version of the lead definition. Pure: the same rules and facts give the same verdict."""

from dataclasses import dataclass, field

from loopline.rules.definition import Clause, Definition
from loopline.rules.explain import judge
from loopline.rules.facts import Facts
from loopline.rules.score import Score, work_out

NO_DEFINITION = "no lead definition is in force"

FIRST_RULES: dict[str, object] = {
    "evidence": {
        "who": {"field": "person.business_email"},
        "company": {"field": "company.known"},
        "need": {
            "any": [
                {"form": ["demo"], "within_days": 90},
                {"count": {"kind": "page", "path": "/pricing"}, "at_least": 1, "within_days": 30},
            ]
        },
        "consent": {
            "any": [{"consent": ["contact", "email", "phone"]}, {"form": ["demo", "contact"], "within_days": 90}]
        },
    }
}
"""What a new business unit begins with; its two sides change it from there."""


@dataclass(frozen=True, slots=True)
class Judgement:
    is_met: bool
    evidence: list[dict[str, object]]
    """[{"clause", "is_met", "reason", "part"}]; `is_met` null: not known; `part` as in `rules.definition.Clause`."""
    scores: list[dict[str, object]] = field(default_factory=list)
    """[{"name", "value", "level", "cap", "reason"}] as of the judging; `value` null: not known."""


def evaluate(definition: Definition, facts: Facts) -> Judgement:
    """The verdict with its clauses and scores. What is not known is not met."""
    verdicts = [(clause, judge(clause.asked, facts)) for clause in definition.clauses]
    evidence: list[dict[str, object]] = [
        {
            "clause": clause_words(clause),
            "is_met": verdict.is_met,
            "reason": verdict.reason,
            "part": clause.part,
        }
        for clause, verdict in verdicts
    ]
    is_met = all(verdict.is_met is True for _, verdict in verdicts)
    return Judgement(is_met, evidence, [_scored(score, facts) for score in definition.scores.values()])


def _scored(score: Score, facts: Facts) -> dict[str, object]:
    scored = work_out(score, facts)
    return {
        "name": score.name,
        "value": scored.value,
        "level": scored.level,
        "cap": score.cap,
        "reason": scored.reason if scored.value is not None else scored.parts[0][1],
    }


def clause_words(clause: Clause) -> str:
    return f"never one who {clause.sentence}" if clause.part == "never" else clause.sentence


def without_definition() -> Judgement:
    """Nothing to judge by: not met, and said so."""
    reason = "agree on one under Lead definition"
    return Judgement(False, [{"clause": NO_DEFINITION, "is_met": None, "reason": reason, "part": "also"}])
