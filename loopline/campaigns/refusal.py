"""Why a campaign action was not done, in words fit to show."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import IntegrityError, transaction

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.roles import Permission


class CampaignRefusedError(ValueError):
    """The action cannot be done like this; the message says what to change. Nothing was changed."""


def require_in_unit(by: Actor, permission: Permission, unit_id: UUID) -> None:
    """Raises NotAllowedError unless the actor may, and in this business unit."""
    by.require(permission)
    if not by.covers_unit(unit_id):
        raise NotAllowedError(f"{by.name} does not work in that business unit. Ask an administrator for access to it.")


@contextmanager
def refused_when_taken(message: str) -> Iterator[None]:
    """Two people may save the same name in the same moment: the database decides, and this says it in words."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise CampaignRefusedError(message) from error


def text_of(value: str, what: str, longest: int = 200) -> str:
    """A required one-line text, trimmed. Raises CampaignRefusedError when it is empty or too long."""
    text = " ".join(value.split())
    if not text:
        raise CampaignRefusedError(f"Give {what}.")
    if len(text) > longest:
        raise CampaignRefusedError(f"{what[0].upper()}{what[1:]} is longer than {longest} characters; shorten it.")
    return text
