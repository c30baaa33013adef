"""The person came through one of some campaigns: a member of it by what they did."""

from collections.abc import Mapping
from dataclasses import dataclass

from loopline.rules.condition import Condition, ConditionKind, Verdict
from loopline.rules.facts import Facts
from loopline.rules.measures import EventFilter, Measure, Measuring, times, window
from loopline.rules.sql_parts import SqlParts
from loopline.rules.tokens import Tokens, parse_window, window_text, words_text
from loopline.rules.values import days_at, texts_at
from loopline.rules.words import listed


@dataclass(frozen=True, slots=True)
class CampaignCondition:
    campaigns: tuple[str, ...]
    """Names or codes."""
    within_days: int | None = None

    def to_json(self) -> dict[str, object]:
        days: dict[str, object] = {} if self.within_days is None else {"within_days": self.within_days}
        return {"campaign": list(self.campaigns)} | days

    def text(self) -> str:
        return f"campaign {words_text(self.campaigns)}{window_text(self.within_days)}"

    @property
    def _which(self) -> str:
        return f"the campaign “{listed(self.campaigns)}”{window(self.within_days)}"

    def sentence(self, *, is_denied: bool = False) -> str:
        return f"{'did not come' if is_denied else 'came'} through {self._which}"

    @property
    def _measure(self) -> Measure:
        return Measure(Measuring.COUNT, EventFilter(campaigns=self.campaigns), self.within_days)

    def measures(self) -> tuple[Measure, ...]:
        return (self._measure,)

    def judge(self, facts: Facts) -> Verdict:
        if facts.behaviour is None:
            return Verdict(None, facts.behaviour_missing_because)
        count = facts.behaviour.get(self._measure)
        if not isinstance(count, int | float) or count == 0:
            return Verdict(False, f"never came through {self._which}")
        return Verdict(True, f"came {times(count)} through {self._which}")

    def sql(self, parts: SqlParts) -> str:
        return f"coalesce({parts.measure(self._measure)}, 0) > 0"


def _read(json: Mapping[str, object]) -> Condition:
    return CampaignCondition(texts_at(json, "campaign"), days_at(json))


def _parse(tokens: Tokens) -> dict[str, object]:
    return {"campaign": tokens.words()} | parse_window(tokens)


CONDITION = ConditionKind(
    "campaign",
    frozenset({"campaign", "within_days"}),
    _read,
    _parse,
    {"campaign": {"$ref": "#/$defs/texts"}, "within_days": {"$ref": "#/$defs/days"}},
    ("campaign",),
)
