"""Channels judged again: what events count as since the rules changed."""

from loopline.store.schema import fact_table, text

TABLE = fact_table(
    "channel_facts",
    "events with these values, judged by that rule when they arrived, count as another channel since; `id` stands "
    "for the values",
    text("channel_rule", "key and version of the rule that decided on arrival", repeats=True),
    text("utm_source", "", repeats=True),
    text("utm_medium", "", repeats=True),
    text("utm_campaign", "", repeats=True),
    text("click_id_kind", "", repeats=True),
    text("referrer_host", "", repeats=True),
    text("touch_kind", "", repeats=True),
    text("kind", "", repeats=True),
    text("channel", "the channel they count as", repeats=True),
    text("rule", "key and version of the rule that decided this time", repeats=True),
)
