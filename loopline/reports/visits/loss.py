"""How many of the tracker's events got lost on the way: browsers close, connections break, blockers step in.

The tracker numbers the events of a visit from 1, so every gap is an event that never came or that was set aside.
What is lost at the very end of a visit leaves no gap; the figure is therefore a lower bound.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.store.engine import Engine

_PAUSE = timedelta(minutes=30)
_SQL = """
WITH numbered AS (
    SELECT coalesce(json_extract_string(nullif(properties, ''), '$._loopline.visit'), session_id) AS visit, occurred_at,
        CAST(json_extract_string(nullif(properties, ''), '$._loopline.number') AS BIGINT) AS number
    FROM events
    WHERE recorded_at <= $as_of AND occurred_at >= $since AND occurred_at < $until AND session_id <> ''
        AND source = 'browser'
),
visits AS (
    SELECT visit, max(number) AS sent, count(DISTINCT number) AS arrived, min(occurred_at) AS began_at
    FROM numbered WHERE number > 0 GROUP BY visit
)
SELECT sum(sent) AS sent, sum(arrived) AS arrived FROM visits WHERE began_at >= $whole
"""


@dataclass(frozen=True, slots=True)
class Loss:
    """Events of the visits that began in the period: how many the tracker numbered, how many are stored."""

    sent: int
    arrived: int

    @property
    def share(self) -> float | None:
        """Lost ÷ sent; None where nothing was sent."""
        return (self.sent - self.arrived) / self.sent if self.sent else None


def lost_on_the_way(engine: Engine, since: datetime, until: datetime) -> Loss:
    """The loss among visits that began between these moments."""
    # Somebody seen within half an hour of the beginning may have come before it: their first events are missing here.
    times = {"since": since, "until": until, "whole": since + _PAUSE, "as_of": engine.horizon()}
    [row] = engine.rows(_SQL, times)
    return Loss(_count(row["sent"]), _count(row["arrived"]))


def _count(value: object) -> int:
    """A sum of whole numbers; of nothing it is NULL."""
    return value if isinstance(value, int) else 0
