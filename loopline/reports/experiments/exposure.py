"""Who was exposed to the campaign of an experiment, and by what event.

Exposed: a touchpoint with one of the campaign's codes, or an event *Experiment Viewed* (as Segment's libraries name it)
with `experiment_id` and a `variation_id` other than `holdout` or `control`. Events are facts already, so nothing is
stored twice, and a code that is mapped later shows who had been exposed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loopline.attribution.state import (
    CAMPAIGN_ROWS,
    KNOWN_IDENTITIES,
    VERDICT_STATE,
    Part,
    is_machine,
    question,
    theirs,
    visible,
    with_verdict,
)
from loopline.reports.balance import number
from loopline.reports.experiments.lift import HOLDOUT
from loopline.reports.experiments.scope import Scope
from loopline.reports.experiments.tally import SUBJECTS, members
from loopline.store.engine import Engine

VIEWED = "Experiment Viewed"
NOT_EXPOSED = ("holdout", "control")
SHOWN = 20
"""Exposed people of the holdout on the page."""
_WHAT = "CASE WHEN e.touch_kind = '' THEN e.name ELSE e.touch_kind END"
_SEEN = Part(
    "seen",
    f"""
    SELECT e.event_id AS event_id, e.occurred_at AS occurred_at, e.identity AS identity, e.identity_no AS identity_no,
        e.visitor_id AS visitor_id,
        {_WHAT} AS what
    FROM events AS e LEFT JOIN campaign_rows AS c ON c.unit_id = e.unit_id AND c.code = e.utm_campaign
    {with_verdict()}
    WHERE e.recorded_at <= $as_of AND epoch_us(e.occurred_at) >= $from_us AND epoch_us(e.occurred_at) < $until_us
        AND {visible("e.unit_id")} AND NOT {is_machine()}
        AND ((e.touch_kind <> '' AND coalesce(c.row_id, '') = $campaign_id) OR (
            e.name = '{VIEWED}' AND json_extract_string(nullif(e.properties, ''), '$.experiment_id') = $code
            AND lower(coalesce(json_extract_string(nullif(e.properties, ''), '$.variation_id'), ''))
                NOT IN {NOT_EXPOSED}
        ))
    """,
    (CAMPAIGN_ROWS, VERDICT_STATE),
)
_EXPOSED = Part(
    "exposed",
    f"""
    SELECT s.subject AS subject, s.arm AS arm, e.event_id AS event_id, e.occurred_at AS occurred_at, e.what AS what
    FROM seen AS e JOIN subjects AS s ON s.subject = 'visitor:' || e.visitor_id
    WHERE epoch_us(e.occurred_at) >= s.assigned_us
    UNION ALL
    SELECT m.subject AS subject, m.arm AS arm, e.event_id AS event_id, e.occurred_at AS occurred_at, e.what AS what
    FROM (
        SELECT e.event_id AS event_id, e.occurred_at AS occurred_at, e.what AS what,
            coalesce(k.person_id, CASE WHEN starts_with(e.identity, 'person:') THEN substr(e.identity, 8) END)
                AS person_id
        FROM seen AS e LEFT JOIN known_identities AS k ON {theirs("e", "k")}
    ) AS e JOIN members AS m ON m.person_id = e.person_id
    WHERE epoch_us(e.occurred_at) >= m.assigned_us AND NOT starts_with(m.subject, 'visitor:')
    """,
    (_SEEN, KNOWN_IDENTITIES, members(SUBJECTS)),
)
_COUNTS = question("SELECT arm, count(DISTINCT subject) AS subjects FROM exposed GROUP BY arm ORDER BY arm", _EXPOSED)
_HELD_OUT = question(
    f"""
    SELECT subject, min(occurred_at) AS first_at, arg_min(event_id, occurred_at) AS first_id,
        arg_min(what, occurred_at) AS first_what
    FROM exposed WHERE arm = '{HOLDOUT}' GROUP BY subject ORDER BY first_at, subject LIMIT {SHOWN}
    """,
    _EXPOSED,
)


@dataclass(frozen=True, slots=True)
class Contact:
    """The first exposure of somebody who should have had none."""

    subject: str
    at: datetime
    event_id: str
    what: str
    """Kind of the touchpoint, or name of the event."""


@dataclass(frozen=True, slots=True)
class Exposure:
    exposed: Mapping[str, int] = field(default_factory=dict)
    """Arm → how many of it were exposed after they were assigned."""
    held_out: tuple[Contact, ...] = ()
    """The first of the holdout who were exposed anyway."""

    @property
    def contaminated(self) -> int:
        return self.exposed.get(HOLDOUT, 0)


def exposure(scope: Scope, engine: Engine) -> Exposure:
    """Raises StoreError."""
    counts = {str(row["arm"]): number(row["subjects"]) for row in engine.rows(_COUNTS, scope.params)}
    if not counts.get(HOLDOUT):
        return Exposure(counts)
    rows = engine.rows(_HELD_OUT, scope.params)
    return Exposure(counts, tuple(_contact(row) for row in rows))


def _contact(row: Mapping[str, object]) -> Contact:
    at = row["first_at"]
    assert isinstance(at, datetime)
    return Contact(str(row["subject"]), at, str(row["first_id"]), str(row["first_what"]))
