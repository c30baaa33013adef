"""Leads and definitions for tests, through the real actions."""

from datetime import datetime

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.leads.actions import create_lead, qualify_lead
from loopline.leads.definition_actions import draft_definition, propose_definition, put_in_force, sign_definition
from loopline.leads.models import DefinitionVersion, Lead
from tests.make import make_person, make_unit, make_user

BUSINESS_EMAIL: dict[str, object] = {"all": [{"field": "person.business_email"}]}


def make_definition(unit: BusinessUnit, rules: object = BUSINESS_EMAIL) -> DefinitionVersion:
    """A definition in force, signed by both sides."""
    version = draft_definition(unit, rules, by=SYSTEM)
    propose_definition(version, by=SYSTEM)
    sign_definition(version, "marketing", by=SYSTEM)
    sign_definition(version, "sales", by=SYSTEM)
    put_in_force(version, by=SYSTEM)
    return version


def make_lead(
    unit: BusinessUnit,
    *,
    email: str = "",
    name: str = "",
    company_name: str = "",
    message: str = "",
    at: datetime | None = None,
) -> Lead:
    person = make_person(email, unit=unit, name=name, company_name=company_name)
    return create_lead(person, unit, origin="form “Ask for a demo”", message=message, by=SYSTEM, at=at)


def make_handed_over_lead(
    unit: BusinessUnit | None = None, *, name: str = "", at: datetime | None = None
) -> tuple[Lead, User]:
    """A lead in the hands of a salesperson, and that salesperson."""
    unit = unit or make_unit()
    owner = unit.users.filter(takes_leads=True).first() or make_user(Role.SALES, unit=unit, takes_leads=True)
    if not unit.definitions.filter(status="in_force").exists():
        make_definition(unit)
    lead = make_lead(unit, name=name, at=at)
    qualify_lead(lead, by=SYSTEM, at=at)
    return lead, lead.owner or owner
