"""Load facts that carry their own past: for the demo company and for rebuilding the event store."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from loopline.facts.models import OutboxRow
from loopline.facts.outbox import Fact, outbox_row
from loopline.facts.relay import arrow_rows
from loopline.store.engine import Batch, Engine

CHUNK = 20_000


def load_history(engine: Engine, facts: Iterable[tuple[Fact, datetime]], *, name: str) -> int:
    """Write facts with the moment each was learned, as if the relay had carried them over then; how many.

    The outcome is the same as that of recording them one by one: the same outbox rows, the same fact rows, versions
    growing in the order of learning. `name` makes repeated loading of the same history a matter of nothing.
    """
    rows = []
    for fact, learned_at in sorted(facts, key=lambda pair: pair[1]):
        row = outbox_row(fact)
        row.relayed_at = learned_at
        rows.append(row)
    with transaction.atomic():
        OutboxRow.objects.bulk_create(rows, batch_size=2_000)
    write_outbox_rows(engine, rows, name=name)
    return len(rows)


def write_outbox_rows(engine: Engine, rows: list[OutboxRow], *, name: str) -> None:
    """Write relayed outbox rows to the event store, each recorded when it was relayed."""
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        engine.write(Batch(token=f"{name}:{chunk[0].id}", rows=arrow_rows(chunk, with_recorded_at=True)))
