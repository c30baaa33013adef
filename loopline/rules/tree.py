"""A rule: conditions joined by all, any, not, unless, at least n. Read it with `rules.read`, judge it, make it SQL."""

from collections.abc import Iterator
from dataclasses import dataclass

from loopline.rules.condition import Condition
from loopline.rules.measures import Measure


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
class Unless:
    """Met unless its part is known to be met: a veto. Not knowing is no veto."""

    part: "Rule"


@dataclass(frozen=True, slots=True)
class InSegment:
    """The person meets the rule that has this name."""

    name: str
    part: "Rule"


@dataclass(frozen=True, slots=True)
class AtLeast:
    count: int
    parts: tuple["Rule", ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    condition: Condition


Rule = All | AnyOf | Not | Unless | InSegment | AtLeast | Leaf


def conditions(rule: Rule) -> Iterator[Condition]:
    """Every condition of the rule, from left to right."""
    match rule:
        case Leaf(condition):
            yield condition
        case Not(part) | Unless(part) | InSegment(_, part):
            yield from conditions(part)
        case All(parts) | AnyOf(parts) | AtLeast(_, parts):
            for part in parts:
                yield from conditions(part)


def measures_of(rule: Rule) -> list[Measure]:
    """The behaviour that must be measured to judge the rule, each once."""
    return list(dict.fromkeys(measure for one in conditions(rule) for measure in one.measures()))
