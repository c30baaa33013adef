"""Versions of the lead definition."""

from loopline.store.schema import fact_table, moment, text

TABLE = fact_table(
    "definition_facts",
    "versions of the universal lead definition",
    text("unit_id", "", repeats=True),
    text("status", "draft, proposed, agreed, in_force, superseded", repeats=True),
    text("rules", "rule tree, JSON"),
    text("sentence", "the rules in English"),
    moment("in_force_from", "", nullable=True),
)
