"""Touchpoints on their way from the records to the inbox. They wait in the transaction of their rows and are sent
when that is committed, so that neither a crash nor a full disk between the two loses one.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from pysqlite3 import dbapi2 as sqlite

from loopline.collect.channels import Visit
from loopline.collect.own import OwnEvent, report_events
from loopline.sync.models import WaitingEvents


class InboxFullError(RuntimeError):
    """The inbox could not take the touchpoints; they wait and are sent with the next import."""


def send(folder: Path, touches: Sequence[Sequence[Any]]) -> None:
    """Put the touchpoints of a chunk into the inbox in `folder`."""
    try:
        report_events(folder, [event_of(values) for values in touches])
    except sqlite.OperationalError as error:
        raise InboxFullError(
            f"the inbox took no touchpoints ({error}); they wait and are sent the next time"
        ) from error


def send_everything(folder: Path) -> int:
    """Send what an interrupted import left behind; how many touchpoints that were."""
    total = 0
    for pk in list(WaitingEvents.objects.values_list("pk", flat=True)):
        waiting = WaitingEvents.objects.get(pk=pk)
        send(folder, msgspec.json.decode(waiting.body))
        waiting.delete()
        total += waiting.events
    return total


def event_of(values: Sequence[Any]) -> OwnEvent:
    """The event of a touchpoint: something that happened elsewhere, with the origin that the file declared."""
    event_id, name, unit_id, person_id, system, touch = values
    return OwnEvent(
        event_id=event_id,
        kind="offline",
        name=name,
        unit_id=unit_id,
        occurred_at=datetime.fromisoformat(touch["at"]),
        touch_kind="entry",
        person_id=person_id,
        visit=Visit(source=touch["source"], medium=touch["medium"], campaign=touch["campaign"]),
        channel=touch["channel"],
        landing_path=touch["landing_path"],
        source="import",
        properties={"system": system},
    )
