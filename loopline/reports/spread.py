"""How leads and their value are spread over people: what each got, for a fair share to be compared with."""

from dataclasses import dataclass
from datetime import datetime

from loopline.store.engine import Engine, Value
from loopline.store.latest import as_of

_SQL = f"""
WITH leads AS ({as_of("lead_facts")}),
deals AS ({as_of("opportunity_facts")}),
worth AS (
    SELECT lead_id, sum(CASE WHEN outcome <> 'lost' THEN reporting_minor END) AS value_minor,
        sum(CASE WHEN outcome = 'won' THEN reporting_minor END) AS won_minor
    FROM deals WHERE lead_id <> '' GROUP BY lead_id
)
SELECT l.owner_id AS owner_id, count(*) AS leads,
    count(*) FILTER (WHERE l.accepted_at IS NOT NULL) AS accepted,
    count(*) FILTER (WHERE l.converted_at IS NOT NULL) AS converted,
    sum(w.value_minor) AS value_minor, sum(w.won_minor) AS won_minor
FROM leads AS l LEFT JOIN worth AS w ON w.lead_id = l.id
WHERE l.unit_id = $unit AND l.owner_id <> '' AND l.handed_over_at >= $since AND l.handed_over_at < $until
GROUP BY l.owner_id ORDER BY l.owner_id
"""


@dataclass(frozen=True, slots=True)
class Got:
    """What one owner has of the leads handed over in the time asked about."""

    owner_id: str
    leads: int
    accepted: int
    converted: int
    value_minor: int | None
    """Open and won opportunities of these leads, in the reporting currency; None where none has an amount."""
    won_minor: int | None


def spread(engine: Engine, unit_id: str, since: datetime, until: datetime) -> list[Got]:
    """By owner. Raises StoreError."""
    params: dict[str, Value] = {"unit": unit_id, "since": since, "until": until, "as_of": engine.horizon()}
    return [
        Got(
            str(row["owner_id"]), int(str(row["leads"])), int(str(row["accepted"])), int(str(row["converted"])),
            _whole(row["value_minor"]), _whole(row["won_minor"]),
        )
        for row in engine.rows(_SQL, params, timeout_s=10)
    ]  # fmt: skip


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))
