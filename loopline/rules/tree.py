"""A rule: conditions joined by all, any, not, at least n. Read it with `rules.read`, judge it, turn it into SQL."""

from collections.abc import Iterator
from dataclasses import dataclass

from loopline.rules.condition import Condition


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Rule", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Rule", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Rule"


@dataclass(frozen=True, slots=True)
class AtLeast:
    count: int
    parts: tuple["Rule", ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    condition: Condition


Rule = All | AnyOf | Not | AtLeast | Leaf


def conditions(rule: Rule) -> Iterator[Condition]:
    """Every condition of the rule, from left to right."""
    match rule:
        case Leaf(condition):
            yield condition
        case Not(part):
            yield from conditions(part)
        case All(parts) | AnyOf(parts) | AtLeast(_, parts):
            for part in parts:
                yield from conditions(part)
