"""Values of utm_campaign that arrive and belong to no campaign: a mistyped link, or a campaign nobody planned."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from loopline.campaigns.codes import mapped_codes
from loopline.store.engine import Engine, Value

TIMEOUT_S = 5.0
_SEEN = """
SELECT unit_id, utm_campaign AS code, count(*) AS touches, count(DISTINCT identity) AS people,
    max(occurred_at) AS last_at, min(utm_source) AS source
FROM events
WHERE utm_campaign <> '' AND touch_kind <> '' AND occurred_at >= $since
    AND ($all_units OR unit_id IN (SELECT unnest($unit_ids)))
GROUP BY unit_id, utm_campaign
ORDER BY touches DESC, code
LIMIT 1000
"""


@dataclass(frozen=True, slots=True)
class UnknownCode:
    unit_id: str
    code: str
    touches: int
    people: int
    """Different identities; one person may count more than once before they are known."""
    last_at: datetime
    source: str
    """One of its sources."""


def unknown_codes(
    engine: Engine, unit_ids: Collection[str] | None, *, since: datetime, most: int = 20
) -> list[UnknownCode]:
    """The codes with most touchpoints since then that no campaign has. `unit_ids` None: of all units.

    Raises StoreError, QueryTimeoutError among them: an empty answer means that there are none.
    """
    params: dict[str, Value] = {"since": since, "all_units": unit_ids is None, "unit_ids": sorted(unit_ids or ())}
    known = mapped_codes()
    rows = engine.rows(_SEEN, params, timeout_s=TIMEOUT_S)
    found = [UnknownCode(**row) for row in rows if (row["unit_id"], row["code"]) not in known]  # type: ignore[arg-type]
    return found[:most]
