"""Versions of cost lines."""

from loopline.store.schema import day, fact_table, integer, text

TABLE = fact_table(
    "cost_facts",
    "versions of a cost line, spread evenly over its days",
    text("unit_id", "", repeats=True),
    text("campaign_id", "campaign, or empty: unallocated"),
    text("activity_id", "activity, or empty"),
    text("cost_kind", "planned, committed, actual", repeats=True),
    text("category", "media, tools, people, content, events, it", repeats=True),
    integer("amount_minor", "minor units of `currency`; an explicit 0 is a cost of zero"),
    text("currency", "ISO 4217", repeats=True),
    integer(
        "reporting_minor",
        "in the reporting currency at the rate of the first day; NULL when there is no rate",
        nullable=True,
    ),
    day("starts_on", "first day"),
    day("ends_on", "last day, included"),
    text("platform", "ad platform that told it, as utm_source names it; empty for other costs", repeats=True),
    integer("claimed_micro", "conversions that the platform claims, in millionths; never summed", nullable=True),
    integer(
        "claimed_reporting_minor",
        "value that it claims for them, in the reporting currency; NULL when there is none or no rate; never summed",
        nullable=True,
    ),
)
