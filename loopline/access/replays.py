"""Replaying events that the collector set aside, on record."""

import json
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.collect.quarantine import MendError, Quarantine, Quarantined


@transaction.atomic
def replay_quarantined(quarantine: Quarantine, ids: Sequence[int] | None, *, by: Actor) -> int:
    """Send the events through the inbox once more; all that wait when `ids` is None. How many were sent."""
    by.require(Permission.ADMINISTER)
    replayed = quarantine.replay(ids)
    audit(by, "replayed quarantined events", Organisation.current(), events=replayed)
    return replayed


@transaction.atomic
def mend_quarantined(quarantine: Quarantine, one: Quarantined, text: str, *, by: Actor) -> None:
    """Send `text`, the event mended, through the inbox. ValidationError when it is none or is still wrong.

    The audit log keeps which fields were changed, not what they say: events are about people.
    """
    by.require(Permission.ADMINISTER)
    event = _object(text)
    try:
        quarantine.mend(one, event)
    except MendError as error:
        raise ValidationError({"event": str(error)}) from error
    before = _fields(one.raw)
    changed = sorted(name for name in before.keys() | event.keys() if before.get(name) != event.get(name))
    audit(by, "mended quarantined event", Organisation.current(), event=one.id, reason=one.reason, changed=changed)


def _object(text: str) -> dict[str, object]:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError({"event": f"This is not JSON: {error}."}) from error
    if not isinstance(event, dict):
        raise ValidationError({"event": "An event is an object: { … }."})
    return event


def _fields(raw: bytes) -> dict[str, object]:
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}
