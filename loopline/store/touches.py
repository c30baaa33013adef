"""`touches`: the touchpoints among the events, narrow, for questions that read those of everybody.

One event in ten is a touchpoint, and questions about credit read half of its columns. DuckDB holds them a second time:
in a table that is written in the transaction of the events, loses what is erased of them, and can be made anew from
them at any time. ClickHouse skips what is no touchpoint by itself; there it is a view.

Identities are told apart by a number beside their text: a question that looks through ten million touchpoints for those
of some people reads eight bytes of each instead of forty, and that is most of what it costs.
"""

from collections.abc import Collection

TOUCHES = "touches"
COLUMNS = (
    "event_id", "unit_id", "occurred_at", "kind", "identity", "visitor_id", "is_entry", "touch_kind", "channel",
    "channel_rule", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "click_id_kind",
    "referrer_host", "landing_path", "country", "region", "consent", "bot_verdict", "recorded_at",
)  # fmt: skip
"""Columns of `events`: what a row of a report, a channel judged again and a path may read."""
JUDGED_FROM = (
    "channel_rule", "utm_source", "utm_medium", "utm_campaign", "click_id_kind", "referrer_host", "touch_kind", "kind",
)  # fmt: skip
"""What an event's channel depends on, and the rule that decided on arrival: what was judged again goes by these."""
NUMBERS = {
    "identity_no": "{number_of}(identity)",
    "visitor_no": "{number_of}(visitor_id)",
    "judged_no": f"{{number_of}}({', '.join(JUDGED_FROM)})",
    "own_person_no": "CASE WHEN identity LIKE 'person:%' THEN {number_of}(substr(identity, 8)) END",
}
"""Numbers made of texts, as `hash()` of a question makes them. `own_person_no` is that of a person's id where the
identity is one, else NULL."""
DUCKDB_NUMBER, CLICKHOUSE_NUMBER = "hash", "sipHash64"


def touches_of(events: str, number_of: str = DUCKDB_NUMBER, made: Collection[str] = ()) -> str:
    """SQL of the touchpoints in `events`, a table with the columns of the table of this name.

    `number_of`: the engine's own function behind `hash()`. `made`: the numbers that are in `events` already.
    """
    numbers = [
        name if name in made else f"{sql.format(number_of=number_of)} AS {name}" for name, sql in NUMBERS.items()
    ]
    return f"SELECT {', '.join((*COLUMNS, *numbers))} FROM {events} WHERE touch_kind <> ''"
