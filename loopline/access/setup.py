"""The first administrator, the organisation and its first business unit."""

from dataclasses import dataclass

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from loopline.access.actions import NewUnit, OrganisationDetails, change_organisation, create_unit
from loopline.access.actor import SYSTEM
from loopline.access.audit import audit, take_turn
from loopline.access.models import OneTimeLink, User
from loopline.access.one_time_links import new_link, use_link
from loopline.access.roles import Role


class AlreadySetUpError(RuntimeError):
    """There are users already; further ones are invited by an administrator."""


@dataclass(frozen=True, slots=True)
class Setup:
    organisation: OrganisationDetails
    unit_name: str
    name: str
    email: str
    password: str


@transaction.atomic
def set_up(setup: Setup, *, token: str | None = None) -> User:
    """Create the organisation, its first unit and its administrator.

    With `token`, uses up the one-time link. Raises AlreadySetUpError, LinkNotValidError, or ValidationError for a weak
    password or an unusable organisation.
    """
    take_turn()
    if token is not None:
        use_link(OneTimeLink.Purpose.SETUP, token)
    if User.objects.exists():
        raise AlreadySetUpError("Loopline is set up already. Ask an administrator to invite you.")
    validate_password(setup.password, User(name=setup.name, email=setup.email))
    change_organisation(setup.organisation, by=SYSTEM)
    create_unit(NewUnit(setup.unit_name, setup.organisation.reporting_currency), by=SYSTEM)
    user = User.objects.create_user(setup.email, setup.password, name=setup.name, role=Role.ADMINISTRATOR.value)
    audit(SYSTEM, "set up", user, email=user.email)
    return user


def setup_token() -> str | None:
    """A fresh token for `/setup/<token>`, for whoever starts the server; None once there is a user."""
    return None if User.objects.exists() else new_link(OneTimeLink.Purpose.SETUP)
