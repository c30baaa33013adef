"""Access tokens: with one, a person's own program asks the API, and sees what the person sees.

A token is shown once, when it is made; the database holds its SHA-256. What its person may do is looked up at every
use, so another business unit counts at once. With another role or password, or when the person is shut out, it ends
for good: whoever has to fear that somebody else used their account can be sure that no program goes on with it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from loopline.access.actor import SYSTEM, Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import AccessToken, User
from loopline.access.roles import Permission
from loopline.access.scopes import Scope
from loopline.lib.times import utc_now

PREFIX = "ll_api_"
"""What a token begins with, so that programs which look for secrets in code recognise one."""
LIFETIMES = (30, 90, 365)
"""Days a token may last."""
MOST = 20
"""Tokens in force a person may have."""
_LONGEST = 200
_HINT = 12
_USED_EVERY = timedelta(minutes=1)


class TokenRefusedError(Exception):
    """The token lets nobody in; `code` for programs, the message fit to show."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class NewToken:
    """What a new token should be."""

    name: str
    scopes: frozenset[Scope]
    days: int = 90


@transaction.atomic
def create_access_token(user: User, new: NewToken, *, by: Actor, at: datetime | None = None) -> tuple[AccessToken, str]:
    """The token as it is kept, and the token itself, shown this once. ValidationError when it cannot be like this."""
    if by != SYSTEM and by.id != str(user.pk):
        raise NotAllowedError("Everybody makes their own access tokens; ask that person to make one.")
    by.require(Permission.SEE_REPORTS)
    take_turn()
    now = at or utc_now()
    _check(user, new, now)
    plain = PREFIX + secrets.token_urlsafe(32)
    token = AccessToken.objects.create(
        user=user, name=new.name.strip(), digest=_digest(plain), hint=plain[:_HINT], scopes=sorted(new.scopes),
        created_at=now, expires_at=now + timedelta(days=new.days),
    )  # fmt: skip
    audit(by, "created access token", token, of=user.name, name=token.name, scopes=token.scopes, until=token.expires_at)
    return token, plain


def _check(user: User, new: NewToken, now: datetime) -> None:
    if not new.name.strip():
        raise ValidationError({"name": "Name it after the program that uses it, such as “weekly spreadsheet”."})
    if not new.scopes:
        raise ValidationError({"scopes": "Choose at least one thing that it may read."})
    if not 1 <= new.days <= max(LIFETIMES):
        raise ValidationError({"days": f"A token lasts from 1 to {max(LIFETIMES)} days."})
    if not user.is_active:
        raise ValidationError(f"{user.name} is shut out; let them in again first.")
    if AccessToken.objects.in_force(now).filter(user=user).count() >= MOST:
        raise ValidationError(f"There are {MOST} tokens in force already; revoke one that is not used any more.")


@transaction.atomic
def revoke_access_token(token: AccessToken, *, by: Actor, at: datetime | None = None) -> None:
    """It lets nobody in from now on. One's own; administrators revoke anybody's."""
    if by.id != str(token.user_id):
        by.require(Permission.ADMINISTER)
    take_turn()
    # The condition keeps the moment of whoever was first.
    if AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at or utc_now()):
        audit(by, "revoked access token", token, of=token.user.name, name=token.name)


def end_tokens_of(user: User, because: str, *, by: Actor) -> None:
    """End all tokens of somebody who left or has another role or password, inside the transaction of the action that
    says so."""
    for token in AccessToken.objects.filter(user=user, revoked_at=None):
        AccessToken.objects.filter(pk=token.pk).update(revoked_at=utc_now())
        audit(by, "revoked access token", token, of=user.name, name=token.name, because=because)


def token_in_force(plain: str, *, at: datetime | None = None) -> AccessToken:
    """The token with this value, its use noted. Raises TokenRefusedError.

    Found by its digest: how long the look-up takes tells something of a hash, never of a token that would have it.
    """
    now = at or utc_now()
    digest = _digest(plain) if len(plain) <= _LONGEST else ""
    found = AccessToken.objects.select_related("user").filter(digest=digest).first()
    if found is None:
        raise TokenRefusedError("token_unknown", "There is no such access token. Copy it whole, or make a new one.")
    match found.state_at(now):
        case AccessToken.State.IN_FORCE:
            _note_use(found, now)
            return found
        case AccessToken.State.EXPIRED:
            when = f"{found.expires_at:%Y-%m-%d}"
            raise TokenRefusedError("token_expired", f"This access token ran out on {when}. Make a new one.")
    raise TokenRefusedError("token_revoked", "This access token was revoked. Make a new one.")


def _note_use(token: AccessToken, now: datetime) -> None:
    """A line of the database once a minute at most, however often a program asks."""
    if token.last_used_at is None or token.last_used_at <= now - _USED_EVERY:
        is_old = Q(last_used_at=None) | Q(last_used_at__lte=now - _USED_EVERY)
        AccessToken.objects.filter(is_old, pk=token.pk).update(last_used_at=now)


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()
