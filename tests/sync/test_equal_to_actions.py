"""The bulk path of an import leaves what the single actions leave, record by record and fact by fact."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import models

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit
from loopline.facts.models import OutboxRow
from loopline.leads.actions import create_lead
from loopline.leads.models import Lead, LeadTransition
from loopline.people.actions import find_or_create_person
from loopline.people.models import Company, IdentityLink, Person
from loopline.pipeline.actions import NewOpportunity, create_opportunity
from loopline.pipeline.closing import win_opportunity
from loopline.pipeline.models import Opportunity, OpportunityContact, StageChange
from loopline.sync.leads import AFTER_CONTACT
from tests.make import make_unit
from tests.sync.house import DEALS, HEAD, LEADS, take_in

pytestmark = pytest.mark.django_db

PEOPLE = [
    ("L1", "2026-01-05", "Ana@Halden.example", "Ana Ruiz", "Halden"),
    ("L2", "2026-01-06", "bea@halden.example", "Bea  Lund", "Halden Foods"),
    ("L3", "2026-01-07", "carl@gmail.com", "Carl Öberg", "Carl's Workshop"),
    ("L4", "2026-01-08", "dora@gmail.com", "Dora", "carl's workshop"),
    ("L5", "2026-01-09", "ed@unnamed.example", "", ""),
    ("L6", "2026-01-10", "fay@gmail.com", "Fay", ""),
]
KINDS: tuple[type[models.Model], ...] = (
    Company, Person, IdentityLink, Lead, LeadTransition, Opportunity, OpportunityContact, StageChange,
)  # fmt: skip
MADE_UP = {"id", "by_name"}


def _names() -> dict[str, str]:
    """id → what the record is, so that two worlds with other ids can be held against each other."""
    names = {str(unit.pk): "unit" for unit in BusinessUnit.objects.all()}
    names |= {str(company.pk): f"company {company.name}" for company in Company.objects.all()}
    names |= {str(person.pk): f"person {person.email}" for person in Person.objects.all()}
    names |= {str(lead.pk): f"lead {lead.person.email}" for lead in Lead.objects.select_related("person")}
    return names | {str(one.pk): f"opportunity {one.name}" for one in Opportunity.objects.all()}


def _told(value: Any, names: dict[str, str]) -> str:
    text = str(value)
    for key, name in names.items():
        text = text.replace(key, name)
    return text


def _world() -> dict[str, list[str]]:
    """Everything the records and the latest facts say, without ids."""
    names = _names()
    found: dict[str, list[str]] = {}
    for kind in KINDS:
        rows = kind._default_manager.values()
        kept = [{key: _told(value, names) for key, value in row.items() if key not in MADE_UP} for row in rows]
        found[kind.__name__] = sorted(map(str, kept))
    latest = {(row.table, row.row_id): (row.row, row.occurred_at) for row in OutboxRow.objects.order_by("pk")}
    found["facts"] = sorted(
        _told((table, row_id, sorted(row.items()), at), names) for (table, row_id), (row, at) in latest.items()
    )
    return found


def _clear() -> None:
    for kind in (*reversed(KINDS), OutboxRow):
        kind._default_manager.all().delete()


def test_leads_taken_in_together_are_what_they_are_taken_in_alone(tmp_path: Path) -> None:
    unit = make_unit()
    rows = "".join(f'{",".join(person[:4])},"{person[4]}",fair\n' for person in PEOPLE)
    assert take_in(tmp_path, unit, leads=HEAD + rows).counts == {"created": len(PEOPLE)}
    together = _world()
    _clear()
    for _, day, email, name, company in PEOPLE:
        at = datetime.fromisoformat(day).replace(tzinfo=UTC)
        person = find_or_create_person(
            email, unit=unit, name=name, company_name=company, evidence="import", by=SYSTEM, at=at
        )
        create_lead(person, unit, origin="import leads.csv", by=SYSTEM, at=at + AFTER_CONTACT)
    assert together == _world()


def test_a_person_who_is_known_is_filled_in_alike(tmp_path: Path) -> None:
    unit = make_unit()
    at = datetime(2026, 1, 5, tzinfo=UTC)

    def know() -> None:
        find_or_create_person("ana@halden.example", unit=unit, evidence="import", by=SYSTEM, at=at - timedelta(days=9))

    know()
    take_in(tmp_path, unit, leads=HEAD + "L1,2026-01-05,ana@halden.example,Ana Ruiz,Halden,fair\n")
    together = _world()
    _clear()
    know()
    person = find_or_create_person(
        "ana@halden.example", unit=unit, name="Ana Ruiz", company_name="Halden", evidence="import", by=SYSTEM, at=at
    )
    create_lead(person, unit, origin="import leads.csv", by=SYSTEM, at=at + AFTER_CONTACT)
    assert together == _world()


def test_deals_taken_in_together_are_what_they_are_opened_and_won_alone(tmp_path: Path) -> None:
    unit = make_unit()
    mapping = LEADS + DEALS + 'email = "mail"\nname = "name"\n'
    head = "deal,lead,won,lost,amount,mail,name\n"
    take_in(tmp_path, unit, mapping, leads=HEAD, deals=head + "D1,,2026-02-01,,12.50,ana@halden.example,Halden 40\n")
    together = _world()
    _clear()
    at = datetime(2026, 2, 1, tzinfo=UTC)
    person = find_or_create_person("ana@halden.example", unit=unit, evidence="import", by=SYSTEM, at=at)
    new = NewOpportunity(
        unit=unit, name="Halden 40", currency="EUR", amount_minor=1250, person=person, company=person.company
    )
    opportunity = create_opportunity(new, by=SYSTEM, at=at)
    win_opportunity(opportunity, closed_at=at, by=SYSTEM, at=at)
    assert together == _world()
