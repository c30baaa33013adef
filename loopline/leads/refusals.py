"""Signals the reactor could not act on: looked at, and tried again once the cause is gone."""

import logging
from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet

from loopline.access.actor import Actor
from loopline.access.audit import audit
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.leads.reactor import refusal_reason, retry_refusal
from loopline.people.models import ReactorRefusal

logger = logging.getLogger(__name__)


def waiting_refusals(by: Actor) -> QuerySet[ReactorRefusal]:
    """Refusals that nobody has solved, newest first. They are from all business units, so for administrators only."""
    by.require(Permission.ADMINISTER)
    return ReactorRefusal.objects.filter(solved_at__isnull=True)


def retry_refusals(ids: Sequence[int] | None, *, by: Actor) -> tuple[int, int]:
    """Act on refused signals again, in their order; on all that wait when `ids` is None.

    Returns how many were solved and how many are still refused; those say why as of now.
    """
    waiting = waiting_refusals(by).order_by("seq")
    chosen = list(waiting if ids is None else waiting.filter(pk__in=ids))
    solved = sum(_retry(one) for one in chosen)
    with transaction.atomic():
        audit(by, "retried refused signals", Organisation.current(), solved=solved, refused=len(chosen) - solved)
    return solved, len(chosen) - solved


def _retry(refusal: ReactorRefusal) -> bool:
    try:
        retry_refusal(refusal)
    except Exception as error:  # whatever it still is, the rest goes on
        logger.exception("Signal %s (%s) is still refused", refusal.seq, refusal.kind)
        ReactorRefusal.objects.filter(pk=refusal.pk).update(reason=refusal_reason(error))
        return False
    return True
