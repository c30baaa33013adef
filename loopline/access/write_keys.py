"""Write keys as administrators handle them: they live with the collector, the audit log keeps who did what."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.collect.keys import KeyChange, KeyRefusedError, Keys, NewKey, WriteKey


@transaction.atomic
def create_write_key(keys: Keys, new: NewKey, *, by: Actor) -> str:
    """The key itself, shown this once. ValidationError when it cannot be created like this."""
    by.require(Permission.ADMINISTER)
    unit = BusinessUnit.objects.visible_to(by).get(pk=new.unit_id)
    try:
        key_id, plain = keys.create(new)
    except KeyRefusedError as error:
        raise ValidationError(str(error)) from error
    audit(by, "created write key", unit, key=key_id, kind=new.kind.value, **_said(new))
    return plain


@transaction.atomic
def change_write_key(keys: Keys, key: WriteKey, change: KeyChange, *, by: Actor) -> None:
    """Change name, origins, networks and limit of a key in force. ValidationError when it cannot be like this."""
    by.require(Permission.ADMINISTER)
    unit = BusinessUnit.objects.visible_to(by).get(pk=key.unit_id)
    try:
        if not keys.change(key.id, change):
            raise ValidationError("This key was revoked meanwhile. Create a new one.")
    except KeyRefusedError as error:
        raise ValidationError(str(error)) from error
    audit(by, "changed write key", unit, key=key.id, **_said(change))


@transaction.atomic
def revoke_write_key(keys: Keys, key: WriteKey, *, by: Actor) -> None:
    by.require(Permission.ADMINISTER)
    unit = BusinessUnit.objects.visible_to(by).get(pk=key.unit_id)
    if keys.revoke(key.id):
        audit(by, "revoked write key", unit, key=key.id, name=key.name)


def _said(key: NewKey | KeyChange) -> dict[str, Any]:
    return {
        "name": key.name,
        "origins": list(key.origins),
        "networks": list(key.networks),
        "max_events_per_s": key.max_events_per_s,
    }
