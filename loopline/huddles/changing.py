"""Changing a huddle: only while it is open, by who works for its unit, and every screen hears of it."""

from functools import partial

from django.db import transaction
from django.db.models import F

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import take_turn
from loopline.access.models import BusinessUnit
from loopline.huddles.live import STREAMS
from loopline.huddles.models import Huddle


class HuddleStateError(ValueError):
    """The huddle is not in the state for this; the message is fit to show."""


def open_for(by: Actor, huddle: Huddle) -> Huddle:
    """The huddle, locked and as it is now. Raises HuddleStateError once it is closed."""
    take_turn()
    huddle.refresh_from_db(from_queryset=Huddle.objects.select_for_update())
    require_unit(by, huddle.unit)
    if not huddle.is_open:
        raise HuddleStateError("This huddle is closed; its minutes stay as they are. Open the next one.")
    return huddle


def require_unit(by: Actor, unit: BusinessUnit) -> None:
    if not by.covers_unit(unit.pk):
        raise NotAllowedError(f"{by.name} does not work for {unit}. Ask an administrator for that business unit.")


def changed(huddle: Huddle) -> None:
    """Count the change, and tell every screen once it is committed."""
    Huddle.objects.filter(pk=huddle.pk).update(revision=F("revision") + 1)
    huddle.refresh_from_db(fields=["revision"])
    transaction.on_commit(partial(STREAMS.ring, str(huddle.pk), huddle.revision))
