"""The person did something at least so many times."""

from collections.abc import Mapping
from dataclasses import dataclass

from loopline.rules.condition import Condition, ConditionKind, Verdict
from loopline.rules.events import filter_json, read_filter
from loopline.rules.facts import Facts
from loopline.rules.measures import EventFilter, Measure, Measuring, times, window
from loopline.rules.sql_parts import SqlParts
from loopline.rules.values import days_at, number_at


@dataclass(frozen=True, slots=True)
class CountCondition:
    events: EventFilter
    at_least: int
    within_days: int | None = None

    def to_json(self) -> dict[str, object]:
        window_json: dict[str, object] = {} if self.within_days is None else {"within_days": self.within_days}
        return {"count": filter_json(self.events), "at_least": self.at_least} | window_json

    def sentence(self, *, is_denied: bool = False) -> str:
        often = "" if self.at_least == 1 else f" at least {times(self.at_least)}"
        return f"{'never ' if is_denied else ''}{self.events.phrase()}{often}{window(self.within_days)}"

    @property
    def _measure(self) -> Measure:
        return Measure(Measuring.COUNT, self.events, self.within_days)

    def measures(self) -> tuple[Measure, ...]:
        return (self._measure,)

    def judge(self, facts: Facts) -> Verdict:
        if facts.behaviour is None:
            return Verdict(None, facts.behaviour_missing_because)
        count = facts.behaviour.get(self._measure)
        if not isinstance(count, int) or count == 0:
            return Verdict(False, f"never {self.events.phrase()}{window(self.within_days)}")
        return Verdict(count >= self.at_least, f"{self.events.phrase()} {times(count)}{window(self.within_days)}")

    def sql(self, parts: SqlParts) -> str:
        return f"coalesce({parts.measure(self._measure)}, 0) >= {parts.value(self.at_least)}"


def _read(json: Mapping[str, object]) -> Condition:
    return CountCondition(read_filter(json, "count"), number_at(json, "at_least", least=1), days_at(json))


CONDITION = ConditionKind("count", frozenset({"count", "at_least", "within_days"}), _read)
