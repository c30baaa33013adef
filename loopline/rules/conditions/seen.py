"""The person last did something at most so many days ago."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.rules.condition import Condition, ConditionKind, Verdict
from loopline.rules.events import SCHEMA, filter_json, filter_text, parse_filter, read_filter
from loopline.rules.facts import Facts
from loopline.rules.measures import EventFilter, Measure, Measuring, window
from loopline.rules.sql_parts import SqlParts
from loopline.rules.tokens import Tokens, parse_window, window_text
from loopline.rules.values import MAX_DAYS, number_at


@dataclass(frozen=True, slots=True)
class SeenCondition:
    events: EventFilter
    within_days: int

    def to_json(self) -> dict[str, object]:
        return {"seen": filter_json(self.events), "within_days": self.within_days}

    def text(self) -> str:
        return f"seen{filter_text(self.events)}{window_text(self.within_days)}"

    def sentence(self, *, is_denied: bool = False) -> str:
        return f"{'not since: ' if is_denied else 'last '}{self.events.phrase()}{window(self.within_days)}"

    @property
    def _measure(self) -> Measure:
        return Measure(Measuring.LAST_AT, self.events)

    def measures(self) -> tuple[Measure, ...]:
        return (self._measure,)

    def judge(self, facts: Facts) -> Verdict:
        if facts.behaviour is None:
            return Verdict(None, facts.behaviour_missing_because)
        last = facts.behaviour.get(self._measure)
        if not isinstance(last, datetime):
            return Verdict(False, f"never {self.events.phrase()}")
        is_met = last > facts.at - timedelta(days=self.within_days)
        return Verdict(is_met, f"last {self.events.phrase()} on {last.day} {last:%b}")

    def sql(self, parts: SqlParts) -> str:
        return f"coalesce({parts.measure(self._measure)} > {parts.days_ago(self.within_days)}, FALSE)"


def _read(json: Mapping[str, object]) -> Condition:
    return SeenCondition(read_filter(json, "seen"), number_at(json, "within_days", least=1, most=MAX_DAYS))


def _parse(tokens: Tokens) -> dict[str, object]:
    return {"seen": parse_filter(tokens)} | parse_window(tokens)


CONDITION = ConditionKind(
    "seen",
    frozenset({"seen", "within_days"}),
    _read,
    _parse,
    {"seen": SCHEMA, "within_days": {"$ref": "#/$defs/days"}},
    ("seen", "within_days"),
)
