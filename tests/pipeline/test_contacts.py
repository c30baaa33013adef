import pytest

from loopline.access.actor import NotAllowedError
from loopline.facts.models import OutboxRow
from loopline.people.models import Person
from loopline.pipeline.contacts import remove_contact, set_contact
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.models import Opportunity
from tests.make import make_person
from tests.pipeline.records import make_opportunity, make_seller
from tests.pipeline.said import last_audit, last_fact

pytestmark = pytest.mark.django_db


def _primary(opportunity: Opportunity) -> Person:
    return opportunity.contacts.get(is_primary=True).person


def test_a_second_contact_has_a_role_and_leaves_the_primary_one() -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    first, second = _primary(opportunity), make_person(unit=unit)
    set_contact(opportunity, second, "finance", by=actor)
    assert _primary(opportunity) == first
    fact = last_fact("opportunity_contact_facts")
    assert (fact["person_id"], fact["role"], fact["is_primary"]) == (str(second.pk), "finance", False)
    assert last_audit()[0] == "set_contact"


def test_a_new_primary_contact_takes_the_place_of_the_old_one() -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    first, second = _primary(opportunity), make_person(unit=unit)
    set_contact(opportunity, second, "decision_maker", is_primary=True, by=actor)
    assert _primary(opportunity) == second
    told = {
        row.row["person_id"]: row.row["is_primary"]
        for row in OutboxRow.objects.filter(table="opportunity_contact_facts").order_by("id")
    }
    assert (told[str(first.pk)], told[str(second.pk)]) == (False, True)


def test_an_opportunity_never_loses_its_primary_contact() -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    first = _primary(opportunity)
    with pytest.raises(PipelineError, match="primary"):
        set_contact(opportunity, first, "user", is_primary=False, by=actor)
    with pytest.raises(PipelineError, match="primary"):
        remove_contact(opportunity, first, by=actor)
    assert _primary(opportunity) == first


def test_a_removed_contact_is_gone_from_the_facts_too() -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    second = make_person(unit=unit)
    set_contact(opportunity, second, "user", by=actor)
    remove_contact(opportunity, second, by=actor)
    assert last_fact("opportunity_contact_facts")["is_deleted"] is True
    assert opportunity.contacts.count() == 1
    assert last_audit()[0] == "remove_contact"


def test_a_role_can_change() -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    set_contact(opportunity, _primary(opportunity), "champion", by=actor)
    [contact] = opportunity.contacts.all()
    assert (contact.role, contact.is_primary) == ("champion", True)


def test_a_person_of_another_unit_cannot_be_added() -> None:
    _, actor, unit = make_seller()
    with pytest.raises(NotAllowedError, match="may not see this person"):
        set_contact(make_opportunity(unit), make_person(), "user", by=actor)
