"""Touchpoints on their way from the records to the inbox. They wait in the transaction of their rows and are sent
when that is committed, so that neither a crash nor a full disk between the two loses one.
"""

import json
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

from loopline.collect.own import report_events
from loopline.sync.job import event_of
from loopline.sync.models import WaitingEvents


class InboxFullError(RuntimeError):
    """The inbox could not take the touchpoints; they wait and are sent with the next import."""


def send_waiting(folder: Path, waiting: WaitingEvents) -> None:
    """Put the events of a chunk into the inbox in `folder`, then forget that they waited."""
    try:
        report_events(folder, [event_of(values) for values in json.loads(waiting.body)])
    except sqlite.OperationalError as error:
        raise InboxFullError(
            f"the inbox took no touchpoints ({error}); they wait and are sent the next time"
        ) from error
    waiting.delete()


def send_everything(folder: Path) -> int:
    """Send what an interrupted import left behind; how many events that were."""
    total = 0
    for pk in list(WaitingEvents.objects.values_list("pk", flat=True)):
        waiting = WaitingEvents.objects.get(pk=pk)
        send_waiting(folder, waiting)
        total += waiting.events
    return total
