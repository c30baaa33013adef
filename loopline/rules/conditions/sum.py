"""A property of the person's events adds up to at least so much; older ones may count less."""

from collections.abc import Mapping
from dataclasses import dataclass

from loopline.rules.condition import Condition, ConditionKind, Verdict
from loopline.rules.events import SCHEMA, filter_json, filter_text, parse_filter, property_name, read_filter
from loopline.rules.facts import Facts
from loopline.rules.measures import EventFilter, Measure, Measuring, figure, window
from loopline.rules.sql_parts import SqlParts
from loopline.rules.tokens import Tokens, parse_window, window_text, word_text
from loopline.rules.values import days_at, number_at


@dataclass(frozen=True, slots=True)
class SumCondition:
    added: str
    """Name of the property."""
    events: EventFilter
    at_least: int
    within_days: int | None = None
    half_life_days: int | None = None

    def to_json(self) -> dict[str, object]:
        days = {"within_days": self.within_days, "half_life_days": self.half_life_days}
        said = {key: value for key, value in days.items() if value is not None}
        return {"sum": self.added, "events": filter_json(self.events), "at_least": self.at_least} | said

    def text(self) -> str:
        what = f"sum {word_text(self.added)} of{filter_text(self.events)} at least {self.at_least}"
        return f"{what}{window_text(self.within_days, self.half_life_days)}"

    @property
    def _window(self) -> str:
        return window(self.within_days, self.half_life_days)

    def sentence(self, *, is_denied: bool = False) -> str:
        bound = f"{'less than' if is_denied else 'at least'} {self.at_least:,}"
        return f"{self.events.phrase()} with {bound} {self.added} in all{self._window}"

    @property
    def _measure(self) -> Measure:
        return Measure(Measuring.SUM, self.events, self.within_days, self.half_life_days, self.added)

    def measures(self) -> tuple[Measure, ...]:
        return (self._measure,)

    def judge(self, facts: Facts) -> Verdict:
        if facts.behaviour is None:
            return Verdict(None, facts.behaviour_missing_because)
        total = facts.behaviour.get(self._measure)
        total = total if isinstance(total, int | float) else 0
        reason = f"{figure(total)} {self.added} in all: {self.events.phrase()}{self._window}"
        return Verdict(total >= self.at_least, reason)

    def sql(self, parts: SqlParts) -> str:
        return f"coalesce({parts.measure(self._measure)}, 0) >= {parts.value(self.at_least)}"


def _read(json: Mapping[str, object]) -> Condition:
    return SumCondition(
        property_name(json.get("sum")),
        read_filter(json, "events"),
        number_at(json, "at_least", least=1),
        days_at(json),
        days_at(json, "half_life_days"),
    )


def _parse(tokens: Tokens) -> dict[str, object]:
    json: dict[str, object] = {"sum": tokens.word()}
    tokens.expect("of")
    json["events"] = parse_filter(tokens)
    tokens.expect("at", "least")
    json["at_least"] = tokens.number()
    return json | parse_window(tokens, has_half_life=True)


CONDITION = ConditionKind(
    "sum",
    frozenset({"sum", "events", "at_least", "within_days", "half_life_days"}),
    _read,
    _parse,
    {
        "sum": {"type": "string", "minLength": 1, "maxLength": 60},
        "events": SCHEMA,
        "at_least": {"type": "integer", "minimum": 1},
        "within_days": {"$ref": "#/$defs/days"},
        "half_life_days": {"$ref": "#/$defs/days"},
    },
    ("sum", "events", "at_least"),
)
