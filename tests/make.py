"""Records for tests: small functions that go through the real actions where there are some. Everyone adds here."""

from itertools import count
from typing import Any

from django.test import Client

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.campaigns.actions import CampaignPlan, create_campaign
from loopline.campaigns.forms import FormPlan, create_form
from loopline.campaigns.models import Campaign, Form
from loopline.people.actions import find_or_create_person
from loopline.people.models import Person

_number = count(1)


def make_unit(name: str = "", *, currency: str = "EUR") -> BusinessUnit:
    number = next(_number)
    return BusinessUnit.objects.create(key=f"unit-{number}", name=name or f"Unit {number}", currency=currency)


def make_user(
    role: Role = Role.MARKETING, *, unit: BusinessUnit | None = None, name: str = "", takes_leads: bool = False
) -> User:
    number = next(_number)
    user = User.objects.create_user(
        f"user{number}@loopline.test", None, name=name or f"User {number}", role=role.value, takes_leads=takes_leads
    )
    if unit is not None:
        user.units.add(unit)
    return user


def signed_in(user: User) -> Client:
    """A browser without JavaScript in which this user is signed in."""
    client = Client()
    client.force_login(user)
    return client


def signed_in_as(role: Role, unit: BusinessUnit) -> Client:
    """The same for a new user of this role and unit."""
    return signed_in(make_user(role, unit=unit))


def make_person(email: str = "", *, unit: BusinessUnit | None = None, name: str = "", company_name: str = "") -> Person:
    return find_or_create_person(
        email or f"person{next(_number)}@halden.example",
        unit=unit or make_unit(),
        name=name,
        company_name=company_name,
        evidence="manual",
        by=SYSTEM,
    )


def make_form(slug: str = "", *, unit: BusinessUnit | None = None, **plan: Any) -> Form:
    """A live form with a name, a company, a message and a consent box."""
    fields: list[dict[str, object]] = [
        {"key": "email", "label": "E-mail", "kind": "email", "is_required": True},
        {"key": "name", "label": "Name", "kind": "text", "is_required": True},
        {"key": "company", "label": "Company", "kind": "text"},
        {"key": "message", "label": "What is it about?", "kind": "textarea"},
    ]
    whole = {"title": "Ask for a demo", "fields": fields, "consent_text": "You may contact me."} | plan
    return create_form(unit or make_unit(), slug or f"form-{next(_number)}", FormPlan(**whole), by=SYSTEM)


def make_campaign(unit: BusinessUnit | None = None, *, name: str = "", **plan: Any) -> Campaign:
    unit = unit or make_unit()
    whole = {"name": name or f"Campaign {next(_number)}", "channel": "Event", "currency": unit.currency} | plan
    return create_campaign(unit, CampaignPlan(**whole), by=SYSTEM)
