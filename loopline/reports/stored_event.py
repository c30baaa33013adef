"""One event as the event store holds it: the last thing that a figure opens into."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from loopline.attribution.state import (
    CHANNEL,
    CHANNEL_AGAIN,
    CHANNEL_STATE,
    VERDICT_STATE,
    question,
    visible,
    with_verdict,
)
from loopline.store.engine import Engine, Value

TEXTS = (
    "event_id", "unit_id", "kind", "name", "touch_kind", "channel_rule", "utm_source", "utm_medium", "utm_campaign",
    "utm_content", "utm_term", "click_id_kind", "referrer_host", "url_host", "url_path", "landing_path", "title",
    "country", "region", "network_company", "device", "browser", "os", "source",
)  # fmt: skip
"""What of it a page may show to everybody who sees reports."""
PRIVATE = ("identity", "visitor_id", "session_id", "properties")
"""What only those may see who see people: addresses, and whatever a sender put beside the event."""
_EVENT = question(
    f"""
    SELECT {", ".join(f"e.{name} AS {name}" for name in (*TEXTS, *PRIVATE))}, {CHANNEL} AS channel,
        e.occurred_at AS occurred_at, e.received_at AS received_at, e.recorded_at AS recorded_at,
        e.consent AS consent, e.engaged_ms AS engaged_ms, coalesce(v.verdict, e.bot_verdict) AS verdict
    FROM events AS e {CHANNEL_AGAIN} {with_verdict()}
    WHERE e.event_id = $event AND e.recorded_at <= $as_of AND {visible("e.unit_id")}
    ORDER BY e.occurred_at LIMIT 1
    """,
    CHANNEL_STATE,
    VERDICT_STATE,
)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    texts: Mapping[str, str]
    """TEXTS and PRIVATE, as stored."""
    channel: str
    """The one it counts as now."""
    verdict: str
    """human, or machine with the reason, as known now."""
    occurred_at: datetime
    received_at: datetime
    recorded_at: datetime
    consent: int
    engaged_ms: int | None


def stored_event(
    engine: Engine, event_id: str, *, unit_ids: tuple[str, ...] | None, timeout_s: float = 10
) -> StoredEvent | None:
    """The event of this id; None when there is none in these units (None: all). Raises StoreError."""
    params: dict[str, Value] = {
        "event": event_id, "as_of": engine.horizon(), "all_units": unit_ids is None, "unit_ids": list(unit_ids or ()),
    }  # fmt: skip
    rows = engine.rows(_EVENT, params, timeout_s=timeout_s)
    return _told(rows[0]) if rows else None


def _told(row: Mapping[str, object]) -> StoredEvent:
    occurred_at, received_at, recorded_at = row["occurred_at"], row["received_at"], row["recorded_at"]
    assert isinstance(occurred_at, datetime)
    assert isinstance(received_at, datetime)
    assert isinstance(recorded_at, datetime)
    engaged = row["engaged_ms"]
    return StoredEvent(
        texts={name: str(row[name]) for name in (*TEXTS, *PRIVATE)},
        channel=str(row["channel"]),
        verdict=str(row["verdict"]),
        occurred_at=occurred_at,
        received_at=received_at,
        recorded_at=recorded_at,
        consent=int(str(row["consent"])),
        engaged_ms=engaged if isinstance(engaged, int) else None,
    )
