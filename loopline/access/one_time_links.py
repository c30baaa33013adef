"""Links that work once. The token is in the link alone; the database holds its SHA-256."""

import hashlib
import secrets
from datetime import datetime, timedelta

from loopline.access.models import OneTimeLink, User
from loopline.lib.times import utc_now

SETUP_LASTS = timedelta(hours=24)
JOIN_LASTS = timedelta(days=7)


class LinkNotValidError(ValueError):
    """The link was used, has run out, or never was one. The message is fit to show."""


def new_link(purpose: OneTimeLink.Purpose, user: User | None = None, *, at: datetime | None = None) -> str:
    """A token for a new link. Earlier unused links of the same purpose and user stop working."""
    now = at or utc_now()
    token = secrets.token_urlsafe(32)
    OneTimeLink.objects.filter(purpose=purpose, user=user, used_at__isnull=True).delete()
    lasts = SETUP_LASTS if purpose == OneTimeLink.Purpose.SETUP else JOIN_LASTS
    OneTimeLink.objects.create(
        digest=_digest(token), purpose=purpose, user=user, created_at=now, expires_at=now + lasts
    )
    return token


def find_link(purpose: OneTimeLink.Purpose, token: str, *, at: datetime | None = None) -> OneTimeLink:
    """The link of this token. Raises LinkNotValidError when it no longer works."""
    link = OneTimeLink.objects.select_related("user").filter(purpose=purpose, digest=_digest(token)).first()
    if link is None or link.used_at is not None:
        raise LinkNotValidError("This link was used already, or a newer one took its place.")
    if link.expires_at <= (at or utc_now()):
        raise LinkNotValidError("This link has run out.")
    return link


def use_link(purpose: OneTimeLink.Purpose, token: str, *, at: datetime | None = None) -> OneTimeLink:
    """Use the link up, inside the transaction of what it is used for. Raises LinkNotValidError."""
    link = find_link(purpose, token, at=at)
    # The condition makes two people with the same link race for one row; only one changes it.
    if not OneTimeLink.objects.filter(pk=link.pk, used_at__isnull=True).update(used_at=at or utc_now()):
        raise LinkNotValidError("This link was used already, or a newer one took its place.")
    return link


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
