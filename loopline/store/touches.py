"""`touches`: the touchpoints among the events, narrow, for questions that read those of everybody.

One event in ten is a touchpoint, and questions about credit read half of its columns. DuckDB holds them a second time:
in a table that is written in the transaction of the events, loses what is erased of them, and can be made anew from
them at any time. ClickHouse skips what is no touchpoint by itself; there it is a view.
"""

TOUCHES = "touches"
COLUMNS = (
    "event_id", "unit_id", "occurred_at", "kind", "identity", "visitor_id", "is_entry", "touch_kind", "channel",
    "channel_rule", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "click_id_kind",
    "referrer_host", "landing_path", "country", "region", "consent", "bot_verdict", "recorded_at",
)  # fmt: skip
"""Columns of `events`: what a row of a report, a channel judged again and a path may read."""


def touches_of(events: str) -> str:
    """SQL of the touchpoints in `events`, a table with the columns of the table of this name."""
    return f"SELECT {', '.join(COLUMNS)} FROM {events} WHERE touch_kind <> ''"
