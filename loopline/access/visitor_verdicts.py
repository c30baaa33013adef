"""Who counts as a machine beyond the verdict on arrival: judged by habits once in a while, or by a person.

Each verdict is a fact of its own; events stay as they are, and figures as of an earlier moment stay what they were.
"""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from loopline.access.actor import SYSTEM, Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, Organisation
from loopline.access.roles import Permission
from loopline.facts.models import OutboxRow
from loopline.facts.outbox import Fact, record_fact, record_facts
from loopline.lib.times import utc_now
from loopline.reports.visits.machine_score import VERSION, Score, odd_visitors, score
from loopline.reports.visits.verdicts import BY_HAND
from loopline.store.engine import Engine

TABLE = "bot_verdict_facts"
VERDICTS = ("human", "machine")
_KNOWN = f"SELECT DISTINCT id FROM {TABLE} WHERE id IN (SELECT unnest($visitors))"


def judge_visitors(engine: Engine, at: datetime | None = None) -> int:
    """Judge the visitors of the last day by their habits; how many turned out to be machines. A periodic job.

    Whoever was judged before keeps the verdict: a machine that went quiet stays one, and what a person said stands.
    Raises StoreError when the event store does not answer.
    """
    at = at or utc_now()
    scores = {habits.visitor_id: score(habits) for habits in odd_visitors(engine, at)}
    machines = {visitor: found for visitor, found in scores.items() if found.verdict != "human"}
    return _keep(machines, engine, at) if machines else 0


@transaction.atomic
def _keep(machines: dict[str, Score], engine: Engine, at: datetime) -> int:
    take_turn()
    # What waits is asked first: a row that is carried over in between is then seen twice, never missed.
    waiting = OutboxRow.objects.filter(table=TABLE, relayed_at__isnull=True)
    known = set(waiting.values_list("row_id", flat=True))
    known |= {str(row["id"]) for row in engine.rows(_KNOWN, {"visitors": list(machines)})}
    new = {visitor: found for visitor, found in machines.items() if visitor not in known}
    if new:
        record_facts(Fact(TABLE, visitor, _row(found), at) for visitor, found in new.items())
        audit(SYSTEM, "judged visitors", Organisation.current(), at=at, machines=len(new), version=VERSION)
    return len(new)


def _row(found: Score) -> dict[str, object]:
    return {
        "verdict": found.verdict, "rule_version": VERSION, "score": found.points, "reasons": ",".join(found.reasons),
    }  # fmt: skip


@transaction.atomic
def set_verdict(visitor_id: str, verdict: str, unit: BusinessUnit, *, note: str = "", by: Actor) -> None:
    """Say of a visitor seen in `unit` that it is a human or a machine; it stands until somebody says otherwise.

    ValidationError for another verdict.
    """
    by.require(Permission.EDIT_CHANNELS)
    take_turn()
    if verdict not in VERDICTS:
        raise ValidationError(f"“{verdict}” is no verdict; a visitor is a human or a machine.")
    said = "machine:by_hand" if verdict == "machine" else verdict
    row = {"verdict": said, "rule_version": BY_HAND, "score": None, "reasons": note.strip()[:200]}
    record_fact(TABLE, visitor_id, row)
    audit(by, "judged visitor by hand", unit, visitor=visitor_id, verdict=verdict, note=note.strip()[:200])
