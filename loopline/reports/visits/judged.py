"""The channel of a stored visit, with what it was decided from."""

from dataclasses import dataclass
from datetime import datetime

from loopline.attribution.state import visible
from loopline.collect.channels import Visit
from loopline.store.engine import Engine, Value

_ENTRY = f"""
SELECT e.channel AS channel, e.channel_rule AS channel_rule, e.utm_source AS utm_source, e.utm_medium AS utm_medium,
    e.utm_campaign AS utm_campaign, e.click_id_kind AS click_id_kind, e.referrer_host AS referrer_host,
    e.touch_kind AS touch_kind, e.kind AS kind, e.occurred_at AS occurred_at
FROM events AS e
WHERE e.recorded_at <= $as_of AND ((e.session_id = $visit AND e.session_id <> '') OR e.event_id = $visit)
    AND {visible("e.unit_id")}
ORDER BY CASE WHEN e.event_id = $visit THEN 0 ELSE 1 END, CASE WHEN e.is_entry THEN 0 ELSE 1 END, e.occurred_at,
    e.event_id
LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was decided when the visit was stored."""

    visit: Visit
    channel: str
    rule: str
    """Key and version of the rule that decided; `declared@…` where somebody declared the channel."""
    touch_kind: str
    kind: str
    at: datetime

    @property
    def is_declared(self) -> bool:
        return self.rule.startswith("declared@")


def judged_visit(
    engine: Engine, visit: str, *, unit_ids: tuple[str, ...] | None, timeout_s: float = 5
) -> Judged | None:
    """A visit by the id of its session or of an event; None when there is none in these units (None: all).

    Raises StoreError, QueryTimeoutError.
    """
    params: dict[str, Value] = {
        "visit": visit, "as_of": engine.horizon(), "all_units": unit_ids is None, "unit_ids": list(unit_ids or ()),
    }  # fmt: skip
    rows = engine.rows(_ENTRY, params, timeout_s=timeout_s)
    if not rows:
        return None
    [row] = rows
    at = row["occurred_at"]
    assert isinstance(at, datetime)
    return Judged(
        visit=Visit(
            source=str(row["utm_source"]),
            medium=str(row["utm_medium"]),
            campaign=str(row["utm_campaign"]),
            click_id_kind=str(row["click_id_kind"]),
            referrer_host=str(row["referrer_host"]),
        ),
        channel=str(row["channel"]),
        rule=str(row["channel_rule"]),
        touch_kind=str(row["touch_kind"]),
        kind=str(row["kind"]),
        at=at,
    )
