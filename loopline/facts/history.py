"""Carry facts over as if the relay had done so when they occurred: for the demo company's simulated past."""

from django.db.models import F

from loopline.facts.models import OutboxRow
from loopline.facts.relay import arrow_rows, waiting_rows
from loopline.store.engine import Batch, Engine

CHUNK = 20_000


def relay_history(engine: Engine) -> int:
    """Write every waiting fact with `recorded_at` = when it occurred; how many. Only for a past that was simulated.

    The rows are those the relay would have written; only the moment of learning differs. Facts of one record must have
    been recorded in the order of their occurrence, as actions and the bulk loader do.
    """
    total = 0
    while rows := waiting_rows(CHUNK):
        batch = Batch(token=f"history:{rows[0].id}-{rows[-1].id}", rows=arrow_rows(rows, as_they_occurred=True))
        engine.write(batch)
        ids = {"id__gte": rows[0].id, "id__lte": rows[-1].id}
        OutboxRow.objects.filter(relayed_at__isnull=True, **ids).update(relayed_at=F("occurred_at"))
        total += len(rows)
    return total
