"""Versions of activities."""

from loopline.store.schema import day, fact_table, text

TABLE = fact_table(
    "activity_facts",
    "versions of an activity: one mailing, ad, event or post of a campaign",
    text("unit_id", "business unit of its campaign", repeats=True),
    text("campaign_id", "", repeats=True),
    text("name", ""),
    text("activity_kind", "mailing, webinar, fair, in the organisation's own words", repeats=True),
    day("happens_on", "", nullable=True),
)
