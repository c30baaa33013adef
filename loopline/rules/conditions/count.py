"""The person did something at least so many times; older times may count less."""

from collections.abc import Mapping
from dataclasses import dataclass

from loopline.rules.condition import Condition, ConditionKind, Verdict
from loopline.rules.events import SCHEMA, filter_json, filter_text, parse_filter, read_filter
from loopline.rules.facts import Facts
from loopline.rules.measures import EventFilter, Measure, Measuring, times, window
from loopline.rules.sql_parts import SqlParts
from loopline.rules.tokens import Tokens, parse_window, window_text
from loopline.rules.values import days_at, number_at


@dataclass(frozen=True, slots=True)
class CountCondition:
    events: EventFilter
    at_least: int
    within_days: int | None = None
    half_life_days: int | None = None

    def to_json(self) -> dict[str, object]:
        days = {"within_days": self.within_days, "half_life_days": self.half_life_days}
        said = {key: value for key, value in days.items() if value is not None}
        return {"count": filter_json(self.events), "at_least": self.at_least} | said

    def text(self) -> str:
        often = f" at least {self.at_least} times"
        return f"count{filter_text(self.events)}{often}{window_text(self.within_days, self.half_life_days)}"

    @property
    def _window(self) -> str:
        return window(self.within_days, self.half_life_days)

    def sentence(self, *, is_denied: bool = False) -> str:
        often = "" if self.at_least == 1 else f" at least {times(self.at_least)}"
        return f"{'never ' if is_denied else ''}{self.events.phrase()}{often}{self._window}"

    @property
    def _measure(self) -> Measure:
        return Measure(Measuring.COUNT, self.events, self.within_days, self.half_life_days)

    def measures(self) -> tuple[Measure, ...]:
        return (self._measure,)

    def judge(self, facts: Facts) -> Verdict:
        if facts.behaviour is None:
            return Verdict(None, facts.behaviour_missing_because)
        count = facts.behaviour.get(self._measure)
        if not isinstance(count, int | float) or count == 0:
            return Verdict(False, f"never {self.events.phrase()}{self._window}")
        return Verdict(count >= self.at_least, f"{self.events.phrase()} {times(count)}{self._window}")

    def sql(self, parts: SqlParts) -> str:
        return f"coalesce({parts.measure(self._measure)}, 0) >= {parts.value(self.at_least)}"


def _read(json: Mapping[str, object]) -> Condition:
    least = number_at(json, "at_least", least=1)
    return CountCondition(read_filter(json, "count"), least, days_at(json), days_at(json, "half_life_days"))


def _parse(tokens: Tokens) -> dict[str, object]:
    json: dict[str, object] = {"count": parse_filter(tokens)}
    tokens.expect("at", "least")
    json["at_least"] = tokens.number()
    tokens.expect("times")
    return json | parse_window(tokens, has_half_life=True)


CONDITION = ConditionKind(
    "count",
    frozenset({"count", "at_least", "within_days", "half_life_days"}),
    _read,
    _parse,
    {
        "count": SCHEMA,
        "at_least": {"type": "integer", "minimum": 1},
        "within_days": {"$ref": "#/$defs/days"},
        "half_life_days": {"$ref": "#/$defs/days"},
    },
    ("count", "at_least"),
)
