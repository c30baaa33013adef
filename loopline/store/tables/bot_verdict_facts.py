"""Later verdicts about a visitor: human or machine."""

from loopline.store.schema import fact_table, integer, text

TABLE = fact_table(
    "bot_verdict_facts",
    "verdict about a visitor that overrides the one given on arrival; `id` is the visitor id",
    text("verdict", "human, or machine with the strongest reason: `machine:too_fast`", repeats=True),
    text("rule_version", "version of the rules that judged; `by hand` where a person did", repeats=True),
    integer("score", "how much speaks for a machine, 0 to 100; NULL where a person judged", nullable=True),
    text("reasons", "all reasons, the strongest first, with commas between; what a person noted", repeats=True),
)
