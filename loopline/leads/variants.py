"""A definition with one clause changed: another threshold, without one of its conditions, without the clause. Pure.

A change has a key, so that a page and the records can name it: `2:t0:20` sets the first threshold of the third clause
to 20, `2:c1` leaves out its second condition, `2:` the whole clause.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from loopline.leads.definition import clause_words
from loopline.leads.drafting import with_clause, without_condition
from loopline.rules.definition import Clause, Definition
from loopline.rules.errors import RuleError
from loopline.rules.explain import to_sentence
from loopline.rules.read import read_rule, rule_json
from loopline.rules.tree import All, AnyOf, AtLeast, InSegment, Leaf, Not, Rule, Unless

MOST = 9
"""As many as the keys 1 to 9 choose from."""
_LEAST = frozenset({"at_least", "engaged_seconds"})
_THRESHOLDS = (*sorted(_LEAST), "at_most", "within_days")
_KEY = re.compile(r"(\d{1,3}):(?:t(\d{1,3}):(\d{1,15})|c(\d{1,3}))?")
_DAYS = (1, 2, 3, 7, 14, 30, 60, 90, 180, 365, 730)
_NUMBERS = tuple(step * 10**power for power in range(12) for step in (1, 2, 5))


@dataclass(frozen=True, slots=True)
class Variant:
    key: str
    words: str
    """What would be asked for: `works for a company of at least 20 people`, or `no longer asked: …`."""
    instead_of: str
    """What the definition asks today; empty where something is left out."""
    definition: Definition
    is_tighter: bool
    """It lets fewer pass."""

    @property
    def told(self) -> str:
        """The change in one line."""
        return f"{self.words}, instead of: {self.instead_of}" if self.instead_of else self.words


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number in a clause that can be another one."""

    number: int
    """Its place among the thresholds of the clause, from 0."""
    leaf: Leaf
    name: str
    """`at_least`, `at_most`, `within_days` or `engaged_seconds`."""
    value: int

    @property
    def words(self) -> str:
        return to_sentence(self.leaf)

    @property
    def label(self) -> str:
        """What the number is: `at least`, `days`."""
        return {"within_days": "days", "engaged_seconds": "seconds"}.get(self.name, self.name.replace("_", " "))

    def steps(self, each_way: int) -> list[int]:
        """Usual numbers below and above it, in order."""
        ladder = _DAYS if self.name == "within_days" else _NUMBERS
        below, above = ladder[: bisect_left(ladder, self.value)], ladder[bisect_right(ladder, self.value) :]
        return [*below[-each_way:], *above[:each_way]]

    def at(self, definition: Definition, value: int) -> Leaf:
        """The condition with another number. Raises RuleError for one it cannot have."""
        changed = read_rule(rule_json(self.leaf) | {self.name: value}, definition.named)
        assert isinstance(changed, Leaf)
        return changed


def offered(definition: Definition, place: int) -> list[Variant]:
    """Changes of a clause worth trying, at most MOST: its thresholds in the order of their numbers, then what could be
    left out."""
    found = thresholds(definition, place)
    keys = [f"{place}:t{one.number}:{step}" for one in found for step in one.steps(2 if len(found) == 1 else 1)]
    rule = _clause(definition, place).rule
    if isinstance(rule, All | AnyOf):
        keys += [f"{place}:c{number}" for number in range(len(rule.parts))]
    wanted = [*keys[: MOST - 1], f"{place}:"]
    return [one for key in wanted if (one := _possible(definition, key)) is not None]


def _possible(definition: Definition, key: str) -> Variant | None:
    """None where it cannot be: the last thing that is asked for cannot go, a score has no more points than its cap."""
    try:
        return variant(definition, key)
    except RuleError:
        return None


def variant(definition: Definition, key: str) -> Variant:
    """The change that has this key. Raises RuleError where the definition has no such clause, or cannot be so."""
    read = _KEY.fullmatch(key)
    if read is None:
        raise RuleError("That is no change of a clause. Reload the page.")
    place, number, value, condition = read.groups()
    if number is not None:
        return _with_threshold(definition, key, int(place), int(number), int(value))
    return _without(definition, key, int(place), None if condition is None else int(condition))


def _with_threshold(definition: Definition, key: str, place: int, number: int, value: int) -> Variant:
    clause, found = _clause(definition, place), thresholds(definition, place)
    if number >= len(found) or found[number].value == value:
        raise RuleError("That threshold is not there, or is that number already. Choose another one.")
    one = found[number]
    changed = one.at(definition, value)
    asks_more = (value > one.value) == (one.name in _LEAST)
    return Variant(
        key, to_sentence(changed), to_sentence(one.leaf),
        with_clause(definition, place, _replaced(clause.rule, one.leaf, changed)),
        is_tighter=asks_more != (clause.part == "never"),
    )  # fmt: skip


def _without(definition: Definition, key: str, place: int, condition: int | None) -> Variant:
    clause = _clause(definition, place)
    changed = without_condition(definition, place, condition)
    gone = clause_words(clause)
    if condition is not None and isinstance(clause.rule, All | AnyOf):
        gone = to_sentence(clause.rule.parts[condition])
    narrows = condition is not None and isinstance(clause.rule, AnyOf)  # one way less to be met
    is_tighter = narrows != (clause.part == "never" and condition is not None)
    return Variant(key, f"no longer asked: {gone}", "", changed, is_tighter=is_tighter)


def thresholds(definition: Definition, place: int) -> list[Threshold]:
    """Numbers of a clause that can be changed, from left to right."""
    found = (
        (leaf, name, value)
        for leaf in _leaves(_clause(definition, place).rule)
        for name in _THRESHOLDS
        if isinstance(value := rule_json(leaf).get(name), int) and not isinstance(value, bool)
    )
    return [Threshold(number, *one) for number, one in enumerate(found)]


def _leaves(rule: Rule) -> Iterator[Leaf]:
    """Conditions written in the rule itself; those of a segment are changed where the segment is."""
    match rule:
        case Leaf():
            yield rule
        case Not(part) | Unless(part):
            yield from _leaves(part)
        case All(parts) | AnyOf(parts) | AtLeast(_, parts):
            for part in parts:
                yield from _leaves(part)


def _replaced(rule: Rule, old: Leaf, new: Leaf) -> Rule:
    match rule:
        case Leaf():
            return new if rule is old else rule
        case Not(part) | Unless(part):
            return replace(rule, part=_replaced(part, old, new))
        case All(parts) | AnyOf(parts) | AtLeast(_, parts):
            return replace(rule, parts=tuple(_replaced(part, old, new) for part in parts))
        case InSegment():
            return rule


def _clause(definition: Definition, place: int) -> Clause:
    clauses = definition.clauses
    if not 0 <= place < len(clauses):
        raise RuleError("That clause is not there any more. Reload the page.")
    return clauses[place]
