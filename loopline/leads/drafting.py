"""Changing a rule clause by clause: what the page of a draft offers. Pure.

A clause is a part of the `all` at the top. It may offer alternatives: then it is an `any` of conditions.
"""

from dataclasses import dataclass

from loopline.rules.errors import RuleError
from loopline.rules.explain import to_sentence
from loopline.rules.tree import All, AnyOf, Rule


@dataclass(frozen=True, slots=True)
class ShownClause:
    sentence: str
    alternatives: tuple[str, ...]
    """Sentences of the conditions of which one is enough; empty when there is only one."""


def clauses(rule: Rule) -> tuple[Rule, ...]:
    return rule.parts if isinstance(rule, All) else (rule,)


def shown_clauses(rule: Rule) -> list[ShownClause]:
    return [
        ShownClause(
            to_sentence(clause),
            tuple(to_sentence(part) for part in clause.parts) if isinstance(clause, AnyOf) else (),
        )
        for clause in clauses(rule)
    ]


def with_clause(rule: Rule, added: Rule, *, alternative_to: int | None = None) -> Rule:
    """The rule with one more clause, or with one more alternative in the clause at this place (0 is the first)."""
    parts = list(clauses(rule))
    if alternative_to is None:
        return All((*parts, added))
    _require_place(alternative_to, len(parts))
    here = parts[alternative_to]
    parts[alternative_to] = AnyOf((*(here.parts if isinstance(here, AnyOf) else (here,)), added))
    return All(tuple(parts))


def without_clause(rule: Rule, place: int, alternative: int | None = None) -> Rule:
    """The rule without a clause, or without one alternative of it. The last clause cannot go."""
    parts = list(clauses(rule))
    _require_place(place, len(parts))
    here = parts[place]
    if alternative is not None and isinstance(here, AnyOf) and len(here.parts) > 1:
        _require_place(alternative, len(here.parts))
        left = [part for number, part in enumerate(here.parts) if number != alternative]
        parts[place] = left[0] if len(left) == 1 else AnyOf(tuple(left))
        return All(tuple(parts))
    if len(parts) == 1:
        raise RuleError("A definition needs at least one clause. Add another before you remove this one.")
    del parts[place]
    return All(tuple(parts))


@dataclass(frozen=True, slots=True)
class Difference:
    kept: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


def difference(old: Rule | None, new: Rule) -> Difference:
    """What a version changes, clause by clause, in words."""
    before = [to_sentence(clause) for clause in clauses(old)] if old is not None else []
    after = [to_sentence(clause) for clause in clauses(new)]
    return Difference(
        kept=tuple(one for one in after if one in before),
        added=tuple(one for one in after if one not in before),
        removed=tuple(one for one in before if one not in after),
    )


def _require_place(place: int, count: int) -> None:
    if not 0 <= place < count:
        raise RuleError("That clause is not there any more. Reload the page.")
