"""Write keys as administrators handle them: they live with the collector, the audit log keeps who did what.

A key is made, changed and revoked in a file of its own. It is settled after the audit entry: where that cannot be
written, nothing changes, so there is never a key that nobody noted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.collect.keys import KeyChange, KeyRefusedError, Keys, NewKey, WriteKey


@contextmanager
def noted(keys: Keys) -> Iterator[None]:
    """Changes of keys together with their audit entry, which is on disk first. ValidationError for what is refused."""
    with keys.all_or_nothing() as begin:
        try:
            with transaction.atomic():
                take_turn()
                begin()
                yield
        except KeyRefusedError as error:
            raise ValidationError(str(error)) from error


def create_write_key(keys: Keys, new: NewKey, *, by: Actor) -> str:
    """The key itself, shown this once. ValidationError when it cannot be created like this."""
    by.require(Permission.ADMINISTER)
    unit = BusinessUnit.objects.visible_to(by).get(pk=new.unit_id)
    with noted(keys):
        key_id, plain = keys.create(new)
        audit(by, "created write key", unit, key=key_id, kind=new.kind.value, **_said(new))
    return plain


def change_write_key(keys: Keys, key: WriteKey, change: KeyChange, *, by: Actor) -> None:
    """Change name, origins, networks and limit of a key in force. ValidationError when it cannot be like this."""
    by.require(Permission.ADMINISTER)
    unit = BusinessUnit.objects.visible_to(by).get(pk=key.unit_id)
    with noted(keys):
        if not keys.change(key.id, change):
            raise ValidationError("This key was revoked meanwhile. Create a new one.")
        audit(by, "changed write key", unit, key=key.id, **_said(change))


def revoke_write_key(keys: Keys, key: WriteKey, *, by: Actor) -> None:
    by.require(Permission.ADMINISTER)
    unit = BusinessUnit.objects.visible_to(by).get(pk=key.unit_id)
    with noted(keys):
        if keys.revoke(key.id):
            audit(by, "revoked write key", unit, key=key.id, name=key.name)


def _said(key: NewKey | KeyChange) -> dict[str, Any]:
    return {
        "name": key.name,
        "origins": list(key.origins),
        "networks": list(key.networks),
        "max_events_per_s": key.max_events_per_s,
    }
