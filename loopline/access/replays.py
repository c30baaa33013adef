"""Replaying events that the collector set aside, on record."""

from collections.abc import Sequence

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.collect.quarantine import Quarantine


@transaction.atomic
def replay_quarantined(quarantine: Quarantine, ids: Sequence[int] | None, *, by: Actor) -> int:
    """Send the events through the inbox once more; all that wait when `ids` is None. How many were sent."""
    by.require(Permission.ADMINISTER)
    replayed = quarantine.replay(ids)
    audit(by, "replayed quarantined events", Organisation.current(), events=replayed)
    return replayed
