"""The person sent a form whose name holds one of some words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from loopline.rules.condition import Condition, ConditionKind, Verdict
from loopline.rules.facts import Facts
from loopline.rules.measures import Measure, window
from loopline.rules.sql_parts import Source, SqlParts
from loopline.rules.tokens import Tokens, parse_window, window_text, words_text
from loopline.rules.values import days_at, texts_at
from loopline.rules.words import fits, holds_one_of, listed


@dataclass(frozen=True, slots=True)
class FormCondition:
    words: tuple[str, ...]
    within_days: int | None = None

    def to_json(self) -> dict[str, object]:
        window_json: dict[str, object] = {} if self.within_days is None else {"within_days": self.within_days}
        return {"form": list(self.words)} | window_json

    def text(self) -> str:
        return f"form {words_text(self.words)}{window_text(self.within_days)}"

    def sentence(self, *, is_denied: bool = False) -> str:
        verb = "sent no form" if is_denied else "sent the form"
        return f"{verb} “{listed(self.words)}”{window(self.within_days)}"

    def measures(self) -> tuple[Measure, ...]:
        return ()

    def judge(self, facts: Facts) -> Verdict:
        since = None if self.within_days is None else facts.at - timedelta(days=self.within_days)
        pattern = holds_one_of(self.words)
        sent = [
            form
            for form in facts.forms
            if form.at <= facts.at and (since is None or form.at > since) and fits(pattern, form.slug)
        ]
        if not sent:
            return Verdict(False, f"sent no form “{listed(self.words)}”{window(self.within_days)}")
        last = max(sent, key=lambda form: form.at)
        return Verdict(True, f"sent “{last.slug}” on {last.at.day} {last.at:%b}")

    def sql(self, parts: SqlParts) -> str:
        recent = "" if self.within_days is None else f" AND occurred_at > {parts.days_ago(self.within_days)}"
        slug = f"coalesce({parts.property('form')}, '')"
        wanted = f"kind = 'form' AND regexp_matches({slug}, {parts.value(holds_one_of(self.words))}){recent}"
        parts.wanted_acts[wanted] = None
        return f"coalesce({parts.column(Source.ACTS, f'sum(CASE WHEN {wanted} THEN 1 ELSE 0 END)')}, 0) > 0"


def _read(json: Mapping[str, object]) -> Condition:
    return FormCondition(texts_at(json, "form"), days_at(json))


def _parse(tokens: Tokens) -> dict[str, object]:
    return {"form": tokens.words()} | parse_window(tokens)


CONDITION = ConditionKind(
    "form",
    frozenset({"form", "within_days"}),
    _read,
    _parse,
    {"form": {"$ref": "#/$defs/texts"}, "within_days": {"$ref": "#/$defs/days"}},
    ("form",),
)
