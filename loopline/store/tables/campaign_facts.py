"""Versions of campaigns."""

from loopline.store.schema import day, fact_table, integer, text

TABLE = fact_table(
    "campaign_facts",
    "versions of a campaign",
    text("unit_id", "", repeats=True),
    text("name", ""),
    text("channel", "the channel it is planned for", repeats=True),
    text("status", "draft, running, done, cancelled", repeats=True),
    day("starts_on", "", nullable=True),
    day("ends_on", "last day, included", nullable=True),
    integer("budget_minor", "", nullable=True),
    text("currency", "ISO 4217", repeats=True),
    text("owner_id", "user who is responsible for it, or empty", repeats=True),
)
