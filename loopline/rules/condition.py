"""What a condition (a leaf of a rule) is. Each kind is one file in `rules/conditions/` exporting CONDITION."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from loopline.rules.facts import Facts
from loopline.rules.measures import Measure
from loopline.rules.sql_parts import SqlParts
from loopline.rules.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Verdict:
    is_met: bool | None
    """None: not known, which is not met and not the opposite either."""
    reason: str


class Condition(Protocol):
    def to_json(self) -> dict[str, object]: ...

    def text(self) -> str:
        """The condition as one line of the text form."""

    def sentence(self, *, is_denied: bool = False) -> str:
        """What is asked of the person, as a verb phrase: `has a business e-mail address`."""

    def judge(self, facts: Facts) -> Verdict: ...

    def measures(self) -> tuple[Measure, ...]:
        """Behaviour that must be measured to judge it."""

    def sql(self, parts: SqlParts) -> str:
        """The condition as a boolean expression, NULL where it is not known; agrees with `judge`."""


@dataclass(frozen=True, slots=True)
class ConditionKind:
    key: str
    """The JSON key that tells this kind of condition apart."""
    keys: frozenset[str]
    """All JSON keys it may have."""
    read: Callable[[Mapping[str, object]], Condition]
    """The condition a JSON object stands for. Raises RuleError."""
    parse: Callable[[Tokens], dict[str, object]]
    """The JSON object of a line of text, behind its first word. Raises RuleError."""
    schema: Mapping[str, object]
    """JSON schema of the values of `keys`."""
    required: tuple[str, ...]
    word: str = ""
    """The first word of its line in the text form; `key` where it is empty."""
