"""The verdict of a rule as one boolean expression, NULL for "not known"; agrees with `rules.explain.judge`."""

from collections.abc import Callable, Sequence

from loopline.rules.condition import Condition
from loopline.rules.sql_parts import SqlParts
from loopline.rules.tree import All, AnyOf, AtLeast, InSegment, Leaf, Not, Rule, Unless

Said = Callable[[Condition], str]


def truth(rule: Rule, parts: SqlParts, said: Said | None = None) -> str:
    """The rule over what is known of each person. `said` gives the SQL of a condition, else its own is used."""
    tell: Said = said or (lambda condition: f"({condition.sql(parts)})")
    match rule:
        case Leaf(condition):
            return tell(condition)
        case Not(part):
            return f"(NOT {truth(part, parts, tell)})"
        case Unless(part):
            return f"(NOT coalesce({truth(part, parts, tell)}, FALSE))"
        case InSegment(_, part):
            return truth(part, parts, tell)
        case All(inner):
            return _chain(inner, " AND ", parts, tell)
        case AnyOf(inner):
            return _chain(inner, " OR ", parts, tell)
        case AtLeast(count, inner):
            # one number holds both how many are met and, in thousands, how many are not known
            answers = [f"coalesce(CAST({truth(part, parts, tell)} AS INTEGER), 1000)" for part in inner]
            total, needed = f"({' + '.join(answers)})", parts.value(count)
            possible = f"{total} % 1000 + CAST(floor({total} / 1000) AS BIGINT)"
            return (
                f"(CASE WHEN {total} % 1000 >= {needed} THEN TRUE WHEN {possible} >= {needed} THEN NULL ELSE FALSE END)"
            )


def _chain(rules: Sequence[Rule], word: str, parts: SqlParts, tell: Said) -> str:
    return f"({word.join(truth(rule, parts, tell) for rule in rules)})"
