"""The strongest identity known on arrival: person, then e-mail, then user, then visitor."""

import json
from typing import Any

from loopline.collect.email_address import normalise_email
from loopline.collect.work import Item, Work

_EMAIL_FIELDS = ("email", "e-mail", "mail", "email_address", "emailaddress", "work_email")


def name_identity(work: Work) -> None:
    for item in work.items:
        if item.consent >= 2:
            item.identity = _identity(item)


def _identity(item: Item) -> str:
    item.email = _email(item)
    if item.person_id:
        return f"person:{item.person_id}"
    if item.email:
        return f"email:{item.email}"
    if item.user_id:
        return f"user:{item.user_id}"
    return f"visitor:{item.visitor_id}" if item.visitor_id else ""


def _email(item: Item) -> str:
    if item.email:
        return normalise_email(item.email)
    if "@" in item.user_id and (found := normalise_email(item.user_id)):
        return found
    if item.kind in {"identify", "form"} and b"@" in item.properties:
        return find_email(json.loads(item.properties))
    traits = bytes(item.context.traits)
    if b"@" in traits:
        value = json.loads(traits)
        return find_email(value) if isinstance(value, dict) else ""
    return ""


def find_email(fields: dict[str, Any]) -> str:
    """The e-mail address among traits or form fields (also under `fields`); empty when there is none."""
    inner = fields.get("fields")
    if isinstance(inner, dict) and (found := find_email(inner)):
        return found
    for name, value in fields.items():
        if name.lower() in _EMAIL_FIELDS and isinstance(value, str) and (found := normalise_email(value)):
            return found
    return ""
