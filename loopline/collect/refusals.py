"""What was turned away at the door, by source and reason: requests, and the events that were in them.

Nothing of such a request is stored, and its sender was told; the counts say who should mend what.
"""

from collections.abc import Callable
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from loopline.collect.transactions import transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS refused (
    source_id TEXT NOT NULL, reason TEXT NOT NULL, requests INTEGER NOT NULL, events INTEGER NOT NULL,
    PRIMARY KEY (source_id, reason)
) WITHOUT ROWID;
"""
Refused = dict[tuple[str, str], tuple[int, int]]
"""(source, reason) → (requests, events); the source is empty where the key was not known."""


def add_refusals(connection: sqlite.Connection, refused: Refused) -> None:
    """Add to the counts on disk, all together. Raises sqlite's Error, and then nothing was added."""
    if refused:
        with transaction(connection) as run:
            for kind, counts in refused.items():
                run(
                    "INSERT INTO refused VALUES (?1, ?2, ?3, ?4) ON CONFLICT (source_id, reason)"
                    " DO UPDATE SET requests = requests + ?3, events = events + ?4",
                    (*kind, *counts),
                )


def added_up(one: Refused, other: Refused) -> Refused:
    total = dict(one)
    for kind, (requests, events) in other.items():
        known = total.get(kind, (0, 0))
        total[kind] = (known[0] + requests, known[1] + events)
    return total


def take_over_refusals(run: Callable[..., Any]) -> None:
    """Counts as they were kept before there was a source. Part of a transaction."""
    run("INSERT OR IGNORE INTO refused SELECT '', reason, requests, requests FROM refusals")
    run("DROP TABLE refusals")
