"""The person spent at least so many seconds with pages visible and in use."""

from collections.abc import Mapping
from dataclasses import dataclass

from loopline.rules.condition import Condition, ConditionKind, Verdict
from loopline.rules.facts import Facts
from loopline.rules.measures import EventFilter, Measure, Measuring, window
from loopline.rules.sql_parts import SqlParts
from loopline.rules.tokens import Tokens, parse_window, window_text, word_text
from loopline.rules.values import days_at, number_at, text_at

_MOST_SECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class EngagedCondition:
    seconds: int
    path: str = ""
    within_days: int | None = None

    def to_json(self) -> dict[str, object]:
        path: dict[str, object] = {"path": self.path} if self.path else {}
        window_json: dict[str, object] = {} if self.within_days is None else {"within_days": self.within_days}
        return {"engaged_seconds": self.seconds} | path | window_json

    def text(self) -> str:
        where = f" on {word_text(self.path)}" if self.path else ""
        return f"engaged at least {self.seconds} seconds{where}{window_text(self.within_days)}"

    @property
    def _where(self) -> str:
        return f"on {self.path or 'the site'}{window(self.within_days)}"

    def sentence(self, *, is_denied: bool = False) -> str:
        return f"spent {'less than' if is_denied else 'at least'} {_span(self.seconds)} {self._where}"

    @property
    def _measure(self) -> Measure:
        return Measure(Measuring.ENGAGED_MS, EventFilter(path=self.path), self.within_days)

    def measures(self) -> tuple[Measure, ...]:
        return (self._measure,)

    def judge(self, facts: Facts) -> Verdict:
        if facts.behaviour is None:
            return Verdict(None, facts.behaviour_missing_because)
        spent = facts.behaviour.get(self._measure)
        milliseconds = int(spent) if isinstance(spent, int | float) else 0
        return Verdict(milliseconds >= self.seconds * 1000, f"{_span(milliseconds // 1000)} {self._where}")

    def sql(self, parts: SqlParts) -> str:
        return f"coalesce({parts.measure(self._measure)}, 0) >= {parts.value(self.seconds * 1000)}"


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _read(json: Mapping[str, object]) -> Condition:
    seconds = number_at(json, "engaged_seconds", least=1, most=_MOST_SECONDS)
    return EngagedCondition(seconds, text_at(json, "path"), days_at(json))


def _parse(tokens: Tokens) -> dict[str, object]:
    tokens.expect("at", "least")
    json: dict[str, object] = {"engaged_seconds": tokens.number()}
    tokens.expect("seconds")
    if tokens.take("on"):
        json["path"] = tokens.word()
    return json | parse_window(tokens)


CONDITION = ConditionKind(
    "engaged_seconds",
    frozenset({"engaged_seconds", "path", "within_days"}),
    _read,
    _parse,
    {
        "engaged_seconds": {"type": "integer", "minimum": 1, "maximum": _MOST_SECONDS},
        "path": {"$ref": "#/$defs/text"},
        "within_days": {"$ref": "#/$defs/days"},
    },
    ("engaged_seconds",),
    word="engaged",
)
