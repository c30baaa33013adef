"""What tests of the pipeline start from: an accepted lead of a salesperson, and an opportunity."""

from datetime import UTC, datetime, timedelta

from loopline.access.actor import SYSTEM, Actor
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.leads.models import Lead
from loopline.people.models import Person
from loopline.pipeline.actions import NewOpportunity, create_opportunity
from loopline.pipeline.models import Opportunity
from tests.make import make_person, make_unit, make_user

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def later(**span: float) -> datetime:
    return START + timedelta(**span)


def make_accepted_lead(unit: BusinessUnit, owner: User, person: Person | None = None) -> Lead:
    """An accepted lead as a row of its own: how leads get there is tested with the leads."""
    return Lead.objects.create(
        unit=unit,
        person=person or make_person(unit=unit),
        state=Lead.State.ACCEPTED,
        owner=owner,
        created_at=START,
        handed_over_at=START,
        accepted_at=START,
    )


def make_opportunity(
    unit: BusinessUnit, *, amount_minor: int | None = 120_000, currency: str = "EUR", owner: User | None = None
) -> Opportunity:
    new = NewOpportunity(
        unit=unit,
        name="Halden Foods, 40 seats",
        currency=currency,
        amount_minor=amount_minor,
        person=make_person(unit=unit, name="Ines Okafor"),
        owner=owner,
    )
    return create_opportunity(new, by=SYSTEM, at=START)


def make_seller(role: Role = Role.SALES, unit: BusinessUnit | None = None) -> tuple[User, Actor, BusinessUnit]:
    unit = unit or make_unit()
    user = make_user(role, unit=unit)
    return user, user.actor, unit
