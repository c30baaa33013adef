"""Signing in and out, for the audit log. Called by the sign-in adapter of the pages."""

from django.db import transaction

from loopline.access.access_tokens import end_tokens_of
from loopline.access.actor import SYSTEM
from loopline.access.audit import audit
from loopline.access.models import User


@transaction.atomic
def record_sign_in(user: User, *, method: str) -> None:
    """`method` says how: password, passkey, second step, demo, one-time link."""
    audit(user.actor, "signed in", user, method=method)


@transaction.atomic
def record_sign_out(user: User) -> None:
    audit(user.actor, "signed out", user)


@transaction.atomic
def record_refused_sign_in(email: str) -> None:
    """A wrong password for an account that exists. Addresses that nobody here has are not kept."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is not None:
        audit(SYSTEM, "sign-in refused", user)


@transaction.atomic
def record_new_password(user: User) -> None:
    """Other sessions end by themselves with the old password; access tokens end here."""
    audit(user.actor, "changed password", user)
    end_tokens_of(user, "another password", by=user.actor)
