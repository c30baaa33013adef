"""Users: invited by an administrator, joined through a one-time link, given another role, or shut out."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from loopline.access.access_tokens import end_tokens_of
from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, OneTimeLink, User
from loopline.access.one_time_links import new_link, use_link
from loopline.access.roles import Permission, Role


@dataclass(frozen=True, slots=True)
class Membership:
    """What a user is: their name, role, business units, and whether they are in the round robin."""

    name: str
    role: Role
    unit_ids: frozenset[UUID] = field(default_factory=frozenset)
    takes_leads: bool = False

    def check(self) -> None:
        """ValidationError for somebody who would see nothing or could not answer a lead."""
        if self.role not in {Role.ADMINISTRATOR, Role.FINANCE} and not self.unit_ids:
            raise ValidationError({"units": "Choose at least one business unit; this role sees only its own."})
        if self.takes_leads and self.role not in {Role.SALES, Role.SALES_MANAGER}:
            raise ValidationError(
                {"takes_leads": "Only sales can answer leads; choose a sales role or leave this out."}
            )


@transaction.atomic
def invite_user(email: str, membership: Membership, *, by: Actor) -> tuple[User, str]:
    """A user who cannot sign in yet, and the token of the link with which they choose a password."""
    by.require(Permission.ADMINISTER)
    membership.check()
    take_turn()
    if User.objects.filter(email=email.strip().lower()).exists():
        raise ValidationError({"email": "Somebody with this e-mail address is a user already."})
    user = User.objects.create_user(email.strip(), None, name=membership.name, role=membership.role.value)
    _give(user, membership)
    audit(by, "invited user", user, **_said(user))
    return user, new_link(OneTimeLink.Purpose.JOIN, user)


@transaction.atomic
def renew_link(user: User, *, by: Actor) -> str:
    """A new link for somebody who lost theirs or forgot the password; the old password works until it is used."""
    by.require(Permission.ADMINISTER)
    take_turn()
    audit(by, "renewed one-time link", user)
    return new_link(OneTimeLink.Purpose.JOIN, user)


@transaction.atomic
def join(token: str, password: str) -> User:
    """Choose a password through the link; access tokens from before end. Raises LinkNotValidError, or ValidationError
    for a weak password."""
    take_turn()
    user = use_link(OneTimeLink.Purpose.JOIN, token).user
    assert user is not None  # a constraint of the table
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    audit(user.actor, "chose a password", user)
    end_tokens_of(user, "another password", by=user.actor)
    return user


@transaction.atomic
def change_user(user: User, membership: Membership, *, by: Actor) -> User:
    """Another name, role or set of units. The last administrator stays one. With another role access tokens end."""
    by.require(Permission.ADMINISTER)
    membership.check()
    take_turn()
    user = User.objects.select_for_update().get(pk=user.pk)
    if membership.role is not Role.ADMINISTRATOR:
        _keep_an_administrator(user)
    before = _said(user)
    user.name = membership.name
    user.role = membership.role.value
    _give(user, membership)
    audit(by, "changed user", user, before=before, after=_said(user))
    if before["role"] != user.role:
        end_tokens_of(user, "another role", by=by)
    return user


@transaction.atomic
def shut_out(user: User, *, by: Actor) -> None:
    """No sign-in from now on, open sessions and access tokens end, no leads are handed over. What they did stays."""
    by.require(Permission.ADMINISTER)
    take_turn()
    user = User.objects.select_for_update().get(pk=user.pk)
    _keep_an_administrator(user)
    user.is_active = user.takes_leads = False
    user.save(update_fields=["is_active", "takes_leads"])
    OneTimeLink.objects.filter(user=user, used_at__isnull=True).delete()
    audit(by, "shut out user", user)
    end_tokens_of(user, "shut out", by=by)


@transaction.atomic
def let_back_in(user: User, *, by: Actor) -> None:
    by.require(Permission.ADMINISTER)
    take_turn()
    user = User.objects.select_for_update().get(pk=user.pk)
    user.is_active = True
    user.save(update_fields=["is_active"])
    audit(by, "let user back in", user)


def _give(user: User, membership: Membership) -> None:
    user.takes_leads = membership.takes_leads
    user.save()
    user.units.set(BusinessUnit.objects.filter(pk__in=membership.unit_ids))


def _keep_an_administrator(user: User) -> None:
    # Lock all administrators, so that two of them cannot take the role from each other at the same time.
    administrators = list(
        User.objects.select_for_update()
        .filter(role=Role.ADMINISTRATOR.value, is_active=True)
        .values_list("pk", flat=True)
    )
    if administrators == [user.pk]:
        raise ValidationError("This is the last administrator; make somebody else one first.")


def _said(user: User) -> dict[str, Any]:
    units = sorted(user.units.values_list("key", flat=True))
    return {"email": user.email, "name": user.name, "role": user.role, "units": units, "takes_leads": user.takes_leads}
