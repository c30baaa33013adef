"""Which campaign a code belongs to, also after the fact."""

from loopline.store.schema import fact_table, text

TABLE = fact_table(
    "campaign_code_facts",
    "code → campaign; `id` is `<unit id>/<code in lower case>`, so a code mapped later takes its history along",
    text("unit_id", "", repeats=True),
    text("code", "value of utm_campaign, in lower case"),
    text("campaign_id", "campaign; empty = mapped to none"),
    text("activity_id", "activity, or empty"),
)
