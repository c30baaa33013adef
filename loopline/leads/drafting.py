"""Changing a definition condition by condition: what the page of a draft offers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff

from loopline.leads.definition import clause_words
from loopline.rules.definition import EVIDENCE, Clause, Definition
from loopline.rules.definition_text import definition_text
from loopline.rules.errors import RuleError
from loopline.rules.explain import to_sentence
from loopline.rules.score import Score, score_sentence
from loopline.rules.tree import All, AnyOf, Rule

PARTS = EVIDENCE | {"also": "And besides", "never": "Never"}


@dataclass(frozen=True, slots=True)
class ShownClause:
    place: int
    """Its number among all clauses of the definition, from 0."""
    sentence: str
    joined: str = ""
    """How the conditions are joined: `one of`, `all of`; empty when there is only one."""
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownPart:
    key: str
    label: str
    clauses: tuple[ShownClause, ...]


@dataclass(frozen=True, slots=True)
class ShownScore:
    name: str
    cap: int
    levels: str
    """`A from 70, B from 50`; empty without levels."""
    lines: Sequence[str]


def shown_parts(definition: Definition) -> list[ShownPart]:
    """The parts of the definition that ask for something, evidence first."""
    shown = [(clause.part, _shown(place, clause)) for place, clause in enumerate(definition.clauses)]
    parts = {part: tuple(one for key, one in shown if key == part) for part in PARTS}
    names = PARTS if definition.evidence else PARTS | {"also": "What is asked"}
    return [ShownPart(part, names[part], found) for part, found in parts.items() if found]


def shown_scores(definition: Definition) -> list[ShownScore]:
    return [ShownScore(one.name, one.cap, _levels(one), score_sentence(one)) for one in definition.scores.values()]


def with_condition(definition: Definition, part: str, added: Rule, *, is_instead: bool = False) -> Definition:
    """The definition with one more condition in a part; `is_instead`: one of them is enough."""
    if part == "never":
        return replace(definition, never=(*definition.never, added))
    if part == "also":
        return replace(definition, also=_joined(definition.also, added, is_instead=is_instead))
    evidence = dict(definition.evidence)
    evidence[part] = _joined(evidence.get(part), added, is_instead=is_instead)
    return replace(definition, evidence={key: evidence[key] for key in EVIDENCE if key in evidence})


def without_condition(definition: Definition, place: int, condition: int | None = None) -> Definition:
    """The definition without a clause, or without one condition of it. The last thing it asks for cannot go."""
    clauses = definition.clauses
    _require_place(place, len(clauses))
    clause = clauses[place]
    left = _without(clause.rule, condition)
    asked = [one for one in clauses if one.part != "never"]
    if left is None and asked == [clause]:
        raise RuleError("A definition asks for at least one thing. Add another before you remove this one.")
    return with_clause(definition, place, left)


def with_clause(definition: Definition, place: int, rule: Rule | None) -> Definition:
    """The definition with another rule in place of a clause; None: without that clause."""
    kept = [(one.part, rule if number == place else one.rule) for number, one in enumerate(definition.clauses)]
    also = tuple(one for part, one in kept if part == "also" and one is not None)
    return replace(
        definition,
        evidence={part: one for part, one in kept if part in EVIDENCE and one is not None},
        also=None if not also else also[0] if len(also) == 1 else All(also),
        never=tuple(one for part, one in kept if part == "never" and one is not None),
    )


@dataclass(frozen=True, slots=True)
class Difference:
    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    lines: tuple[str, ...]
    """The same, line by line of the text form, as `diff -u` says it."""


def difference(old: Definition | None, new: Definition) -> Difference:
    """What a version changes, clause by clause in words, and line by line."""
    before, after = ([] if one is None else _told(one) for one in (old, new))
    lines = unified_diff(_lines(old), _lines(new), lineterm="", n=2)
    return Difference(
        added=tuple(one for one in after if one not in before),
        removed=tuple(one for one in before if one not in after),
        kept=tuple(one for one in after if one in before),
        lines=tuple(line for line in lines if not line.startswith(("---", "+++", "@@"))),
    )


def _told(definition: Definition) -> list[str]:
    scores = [f"{score.name}: {line}" for score in definition.scores.values() for line in score_sentence(score)]
    return [clause_words(clause) for clause in definition.clauses] + scores


def _lines(definition: Definition | None) -> list[str]:
    return [] if definition is None else definition_text(definition).splitlines()


def _shown(place: int, clause: Clause) -> ShownClause:
    match clause.rule:
        case AnyOf(parts) if len(parts) > 1:
            return ShownClause(place, clause.sentence, "one of", tuple(to_sentence(part) for part in parts))
        case All(parts) if len(parts) > 1:
            return ShownClause(place, clause.sentence, "all of", tuple(to_sentence(part) for part in parts))
    return ShownClause(place, clause.sentence)


def _levels(score: Score) -> str:
    return ", ".join(f"{name} from {least}" for name, least in score.levels)


def _joined(rule: Rule | None, added: Rule, *, is_instead: bool) -> Rule:
    if rule is None:
        return added
    if is_instead:
        return AnyOf((*(rule.parts if isinstance(rule, AnyOf) else (rule,)), added))
    return All((*(rule.parts if isinstance(rule, All) else (rule,)), added))


def _without(rule: Rule, condition: int | None) -> Rule | None:
    """What is left of a clause; None when it goes as a whole."""
    if condition is None or not isinstance(rule, All | AnyOf):
        return None
    _require_place(condition, len(rule.parts))
    left = tuple(part for number, part in enumerate(rule.parts) if number != condition)
    return None if not left else left[0] if len(left) == 1 else type(rule)(left)


def _require_place(place: int, count: int) -> None:
    if not 0 <= place < count:
        raise RuleError("That condition is not there any more. Reload the page.")
