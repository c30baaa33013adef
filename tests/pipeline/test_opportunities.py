from datetime import date
from uuid import uuid4

import pytest

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.roles import Role
from loopline.campaigns.models import Campaign
from loopline.facts.models import OutboxRow
from loopline.leads.models import Lead
from loopline.pipeline.actions import NewOpportunity, convert_lead, create_opportunity, edit_opportunity, move_stage
from loopline.pipeline.closing import win_opportunity
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.models import Opportunity
from tests.make import make_person, make_unit, make_user
from tests.pipeline.records import START, later, make_accepted_lead, make_opportunity, make_seller
from tests.pipeline.said import last_audit, last_fact

pytestmark = pytest.mark.django_db


def test_converting_a_lead_opens_an_opportunity_with_its_person_as_primary_contact() -> None:
    user, actor, unit = make_seller()
    person = make_person("ines@halden.example", unit=unit, name="Ines Okafor", company_name="Halden Foods")
    lead = make_accepted_lead(unit, user, person)
    opportunity = convert_lead(
        lead,
        name="Halden Foods",
        amount_minor=250_000,
        currency="EUR",
        expected_close_on=date(2026, 6, 30),
        by=actor,
        at=later(days=1),
    )
    lead.refresh_from_db()
    assert (lead.state, lead.converted_at) == (Lead.State.CONVERTED, later(days=1))
    assert opportunity.company == person.company
    assert (opportunity.owner, opportunity.stage, opportunity.outcome) == (user, "qualified", "open")
    [contact] = opportunity.contacts.all()
    assert (contact.person, contact.is_primary) == (person, True)
    fact = last_fact("opportunity_facts")
    assert (fact["lead_id"], fact["amount_minor"], fact["reporting_minor"]) == (str(lead.pk), 250_000, 250_000)
    assert last_fact("opportunity_contact_facts")["id"] == f"{opportunity.pk}/{person.pk}"
    assert last_fact("lead_facts")["state"] == "converted"
    [change] = opportunity.stage_changes.all()
    assert (change.from_stage, change.to_stage, change.at, change.by_name) == (
        "",
        "qualified",
        later(days=1),
        user.name,
    )


def test_only_an_accepted_lead_can_be_converted() -> None:
    user, actor, unit = make_seller()
    lead = make_accepted_lead(unit, user)
    Lead.objects.filter(pk=lead.pk).update(state=Lead.State.REJECTED)
    with pytest.raises(PipelineError, match="sent back; only an accepted lead"):
        convert_lead(lead, name="X", amount_minor=None, currency="EUR", expected_close_on=None, by=actor)
    assert not Opportunity.objects.exists()


def test_a_lead_is_converted_once() -> None:
    user, actor, unit = make_seller()
    lead = make_accepted_lead(unit, user)
    convert_lead(lead, name="X", amount_minor=None, currency="EUR", expected_close_on=None, by=actor)
    with pytest.raises(PipelineError, match="is converted"):
        convert_lead(lead, name="X", amount_minor=None, currency="EUR", expected_close_on=None, by=actor)
    assert Opportunity.objects.count() == 1


def test_someone_elses_lead_is_not_converted_but_a_managers_word_counts() -> None:
    user, _, unit = make_seller()
    _, colleague, _ = make_seller(unit=unit)
    _, manager, _ = make_seller(Role.SALES_MANAGER, unit)
    lead = make_accepted_lead(unit, user)
    with pytest.raises(NotAllowedError, match=user.name):
        convert_lead(lead, name="X", amount_minor=None, currency="EUR", expected_close_on=None, by=colleague)
    opportunity = convert_lead(lead, name="X", amount_minor=None, currency="EUR", expected_close_on=None, by=manager)
    assert opportunity.owner == user


def test_marketing_may_not_convert() -> None:
    user, _, unit = make_seller()
    marketing = make_user(Role.MARKETING, unit=unit).actor
    with pytest.raises(NotAllowedError):
        convert_lead(
            make_accepted_lead(unit, user),
            name="X",
            amount_minor=1,
            currency="EUR",
            expected_close_on=None,
            by=marketing,
        )


def test_an_opportunity_without_a_lead_is_opened_in_ones_own_unit_only() -> None:
    user, actor, unit = make_seller()
    opportunity = create_opportunity(
        NewOpportunity(unit=unit, name="  Ruiz y Hijos ", currency="EUR", owner=user), by=actor, at=START
    )
    assert (opportunity.name, opportunity.amount_minor) == ("Ruiz y Hijos", None)
    assert last_fact("opportunity_facts")["reporting_minor"] is None
    assert last_audit()[0] == "create_opportunity"
    with pytest.raises(NotAllowedError, match="does not work for"):
        create_opportunity(NewOpportunity(unit=make_unit(), name="X", currency="EUR"), by=actor)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", " ", "name of 1 to 200"),
        ("name", "x" * 201, "name of 1 to 200"),
        ("amount_minor", -1, "below zero"),
        ("amount_minor", 2**53, "larger than any sale"),
        ("currency", "euro", "three letters"),
    ],
)
def test_values_that_cannot_be_are_refused_and_not_kept(field: str, value: object, message: str) -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    facts = OutboxRow.objects.count()
    with pytest.raises(PipelineError, match=message):
        edit_opportunity(opportunity, {field: value}, by=actor)  # type: ignore[misc]
    assert getattr(opportunity, field) != value
    assert OutboxRow.objects.count() == facts


def test_a_campaign_or_owner_of_another_unit_is_refused() -> None:
    _, actor, unit = make_seller()
    stranger, _, elsewhere = make_seller()
    opportunity = make_opportunity(unit)
    campaign = Campaign.objects.create(unit=elsewhere, name="Spring", channel="Email", currency="EUR")
    with pytest.raises(PipelineError, match="another business unit"):
        edit_opportunity(opportunity, {"primary_campaign": campaign}, by=actor)
    with pytest.raises(PipelineError, match="does not work for"):
        edit_opportunity(opportunity, {"owner": stranger}, by=actor)


def test_an_edit_writes_only_what_changed_and_says_from_what_to_what() -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    Opportunity.objects.filter(pk=opportunity.pk).update(name="Renamed by a colleague")
    edit_opportunity(opportunity, {"amount_minor": 130_000}, by=actor)
    opportunity.refresh_from_db()
    assert (opportunity.name, opportunity.amount_minor) == ("Renamed by a colleague", 130_000)
    assert last_audit() == ("edit_opportunity", {"amount_minor": {"from": 120_000, "to": 130_000}})
    assert last_fact("opportunity_facts")["amount_minor"] == 130_000


def test_an_edit_that_changes_nothing_leaves_no_trace() -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    facts = OutboxRow.objects.count()
    edit_opportunity(opportunity, {"amount_minor": 120_000}, by=actor)
    assert OutboxRow.objects.count() == facts


def test_a_closed_opportunity_is_not_edited() -> None:
    _, actor, unit = make_seller()
    opportunity = win_opportunity(make_opportunity(unit), by=SYSTEM)
    with pytest.raises(PipelineError, match="won already"):
        edit_opportunity(opportunity, {"amount_minor": 1}, by=actor)
    with pytest.raises(PipelineError, match="won already"):
        move_stage(opportunity, "proposal", by=actor)


def test_moving_a_stage_keeps_who_when_and_from_where() -> None:
    user, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    move_stage(opportunity, "proposal", note="sent the offer", by=actor, at=later(days=3))
    assert (opportunity.stage, opportunity.stage_entered_at) == ("proposal", later(days=3))
    change = opportunity.stage_changes.get(to_stage="proposal")
    assert (change.from_stage, change.note, change.by_name) == ("qualified", "sent the offer", user.name)
    assert last_audit()[0] == "move_stage"
    assert last_fact("opportunity_facts")["stage"] == "proposal"


def test_moving_to_the_same_stage_twice_is_one_move() -> None:
    _, actor, unit = make_seller()
    opportunity = make_opportunity(unit)
    move_stage(opportunity, "discovery", by=actor, at=later(days=1))
    move_stage(opportunity, "discovery", by=actor, at=later(days=2))
    assert opportunity.stage_entered_at == later(days=1)
    assert opportunity.stage_changes.count() == 2


def test_there_is_no_stage_but_the_agreed_ones() -> None:
    _, actor, unit = make_seller()
    with pytest.raises(PipelineError, match="no stage “dreaming”"):
        move_stage(make_opportunity(unit), "dreaming", by=actor)


def test_another_units_opportunity_is_out_of_reach() -> None:
    _, stranger, _ = make_seller()
    opportunity = make_opportunity(make_unit())
    with pytest.raises(NotAllowedError, match="does not work for"):
        move_stage(opportunity, "proposal", by=stranger)
    assert not Opportunity.objects.visible_to(stranger).filter(pk=opportunity.pk).exists()


def test_finance_sees_and_does_not_move() -> None:
    unit = make_unit()
    finance = make_user(Role.FINANCE, unit=unit).actor
    with pytest.raises(NotAllowedError):
        move_stage(make_opportunity(unit), "proposal", by=finance)


def test_a_lead_id_of_nowhere_is_no_lead() -> None:
    _, actor, _ = make_seller()
    with pytest.raises(Lead.DoesNotExist):
        convert_lead(Lead(pk=uuid4()), name="X", amount_minor=None, currency="EUR", expected_close_on=None, by=actor)
