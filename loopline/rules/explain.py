"""Judging one person by a rule, clause by clause, with reasons; and the rule in English.

Answers are yes, no and not known. "Not known" is never counted as yes, and its opposite is not known either; the SQL
of `rules.population` follows the same logic with NULL.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from loopline.rules.condition import Verdict
from loopline.rules.facts import Facts
from loopline.rules.tree import All, AnyOf, AtLeast, InSegment, Leaf, Not, Rule, Unless
from loopline.rules.words import listed


@dataclass(frozen=True, slots=True)
class Clause:
    """What the rule asks for, whether it is so, and why."""

    sentence: str
    is_met: bool | None
    reason: str


def explain(rule: Rule, facts: Facts) -> list[Clause]:
    """The verdict on each clause: the parts of an `all` at the top, else the rule as one clause."""
    clauses = rule.parts if isinstance(rule, All) else (rule,)
    return [_clause(part, facts) for part in clauses]


def _clause(rule: Rule, facts: Facts) -> Clause:
    verdict = judge(rule, facts)
    return Clause(to_sentence(rule), verdict.is_met, verdict.reason)


def judge(rule: Rule, facts: Facts) -> Verdict:
    """Whether the person meets the rule, and the reasons that decided it."""
    match rule:
        case Leaf(condition):
            return condition.judge(facts)
        case Not(part):
            verdict = judge(part, facts)
            return Verdict(None if verdict.is_met is None else not verdict.is_met, verdict.reason)
        case Unless(part):
            verdict = judge(part, facts)
            return Verdict(verdict.is_met is not True, verdict.reason)
        case InSegment(_, part):
            return judge(part, facts)
        case All(parts):
            return _joined([judge(part, facts) for part in parts], len(parts))
        case AnyOf(parts):
            return _joined([judge(part, facts) for part in parts], 1)
        case AtLeast(count, parts):
            return _joined([judge(part, facts) for part in parts], count)


def _joined(verdicts: Sequence[Verdict], needed: int) -> Verdict:
    """At least `needed` are met. All of n is n of n, any is 1 of n."""
    met = [one for one in verdicts if one.is_met]
    unknown = [one for one in verdicts if one.is_met is None]
    if len(met) >= needed:
        return Verdict(True, _reasons(met))
    if len(met) + len(unknown) >= needed:
        return Verdict(None, _reasons(unknown))
    return Verdict(False, _reasons([one for one in verdicts if one.is_met is False]))


def _reasons(verdicts: Sequence[Verdict]) -> str:
    return "; ".join(dict.fromkeys(one.reason for one in verdicts))


def to_sentence(rule: Rule, *, is_nested: bool = False) -> str:
    """The rule as a verb phrase: `has a business e-mail address, and agreed to be contacted by e-mail`."""
    match rule:
        case Leaf(condition):
            return condition.sentence()
        case Not(Leaf(condition)):
            return condition.sentence(is_denied=True)
        case Not(InSegment(name)):
            return f"is not in the segment “{name}”"
        case Not(part):
            return f"not ({to_sentence(part)})"
        case Unless(part):
            return f"unless the person {to_sentence(part, is_nested=True)}"
        case InSegment(name):
            return f"is in the segment “{name}”"
        case All(parts):
            return _listed([to_sentence(part, is_nested=True) for part in parts], "and", is_nested=is_nested)
        case AnyOf(parts):
            nested = [to_sentence(part, is_nested=True) for part in parts]
            return nested[0] if len(nested) == 1 else listed(nested)
        case AtLeast(count, parts):
            return f"at least {count} of: {'; '.join(to_sentence(part, is_nested=True) for part in parts)}"


def _listed(phrases: list[str], word: str, *, is_nested: bool) -> str:
    if len(phrases) == 1:
        return phrases[0]
    return f"({f' {word} '.join(phrases)})" if is_nested else f", {word} ".join(phrases)
