"""Later verdicts about a visitor: human or machine."""

from loopline.store.schema import fact_table, text

TABLE = fact_table(
    "bot_verdict_facts",
    "verdict about a visitor that overrides the one given on arrival; `id` is the visitor id",
    text("verdict", "human, or machine with the reason", repeats=True),
    text("rule_version", "", repeats=True),
)
