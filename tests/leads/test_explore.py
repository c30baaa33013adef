"""Exploration below the definition: by chance, capped, blinded for salespeople, chance kept. And the shadow."""

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from loopline.access.actor import SYSTEM
from loopline.access.models import AuditEntry, BusinessUnit
from loopline.access.roles import Role
from loopline.facts.relay import Relay
from loopline.huddles.listing import Meeting, leads_to_discuss
from loopline.leads import explore as exploration
from loopline.leads.actions import qualify_lead
from loopline.leads.definition_actions import (
    draft_definition,
    propose_definition,
    put_in_force,
    sign_definition,
    start_due_definitions,
)
from loopline.leads.explore import explore, place_of
from loopline.leads.hand_off_models import HandOffTerms
from loopline.leads.models import DefinitionVersion, Lead
from loopline.leads.terms import NewTerms, set_terms
from loopline.lib.ids import uuid7
from loopline.people.companies import CompanyDetails, edit_company
from loopline.pipeline.models import Opportunity
from loopline.store.duckdb_engine import DuckDBEngine
from tests.make import make_unit, make_user, signed_in
from tests.make_leads import make_definition, make_lead

pytestmark = pytest.mark.django_db
BIG_COMPANY = {
    "evidence": {"company": {"field": "company.employees", "at_least": 50}},
    "never": [{"field": "person.job_title", "contains": ["student"]}],
}


def exploring(percent: int = 10, a_week: int = 2) -> BusinessUnit:
    unit = make_unit()
    make_definition(unit, BIG_COMPANY)
    make_user(Role.SALES, unit=unit, takes_leads=True)
    HandOffTerms.objects.create(unit=unit, explore_percent=percent, explore_a_week=a_week)
    return unit


def below(unit: BusinessUnit, email: str, job_title: str = "") -> Lead:
    lead = make_lead(unit, email=email)
    if job_title:
        lead.person.job_title = job_title
        lead.person.save()
    assert not qualify_lead(lead, by=SYSTEM)
    return lead


def of_ten_people(unit: BusinessUnit) -> Lead:
    lead = make_lead(unit, email="a@tiny.example", company_name="Tiny")
    assert lead.person.company is not None
    edit_company(lead.person.company, CompanyDetails("Tiny", employees=10), by=SYSTEM)
    assert not qualify_lead(lead, by=SYSTEM)
    return lead


def after(days: float) -> datetime:
    return timezone.now() + timedelta(days=days)


def test_chance_is_a_matter_of_the_id_alone_and_spread_evenly() -> None:
    ids = [uuid7() for _ in range(4_000)]
    assert [place_of(one) for one in ids] == [place_of(one) for one in ids]
    assert 0.08 < sum(place_of(one) < 100 for one in ids) / 4_000 < 0.12


def test_a_lead_below_for_a_day_goes_to_sales_by_chance_and_keeps_the_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploration, "place_of", lambda _: 99)
    unit = exploring()
    lead = below(unit, "a@tiny.example")
    assert explore() == 0, "it may still qualify by itself"
    assert explore(after(1.1)) == 1
    lead.refresh_from_db()
    assert (lead.state, lead.is_explored, lead.explored_per_mille) == ("handed_over", True, 100)
    assert lead.evidence[0]["is_met"] is None, "what it was judged stays"
    assert AuditEntry.objects.get(verb="draw_lead").detail == {"per_mille": 100, "is_explored": True}
    assert explore(after(1.2)) == 0


def test_who_is_ruled_out_or_comes_in_a_full_week_has_no_chance_and_that_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exploration, "place_of", lambda _: 0)
    unit = exploring(a_week=1)
    student, first, second = (
        below(unit, "s@uni.example", "Student"),
        below(unit, "a@x.example"),
        below(unit, "b@x.example"),
    )
    assert explore(after(1.1)) == 1
    chances = [Lead.objects.get(pk=one.pk).explored_per_mille for one in (student, first, second)]
    assert chances == [0, 100, 0]


def test_nobody_is_drawn_where_exploration_is_off_and_the_share_has_bounds() -> None:
    unit = exploring(percent=0)
    lead = below(unit, "a@tiny.example")
    assert explore(after(1.1)) == 0
    lead.refresh_from_db()
    assert lead.explored_per_mille is None
    hours = dict.fromkeys(
        ("assign_hours", "take_hours", "first_touch_hours", "dispute_hours", "evidence_hours", "rejection_hours"), 8
    )
    administrator = make_user(Role.ADMINISTRATOR).actor
    for wrong in (1, 11):
        with pytest.raises(ValidationError, match="from 2 to 10"):
            set_terms(unit, NewTerms(**hours, explore_percent=wrong), by=administrator)
    set_terms(unit, NewTerms(**hours, explore_percent=5, explore_a_week=9), by=administrator)
    assert HandOffTerms.objects.get(unit=unit).explore_percent == 5


def test_salespeople_see_no_verdicts_while_their_unit_explores_and_marketing_does(store: DuckDBEngine) -> None:
    unit = exploring()
    lead = below(unit, "a@tiny.example")
    address = reverse("lead", args=[lead.pk])
    sales = signed_in(make_user(Role.SALES, unit=unit)).get(address).content.decode()
    marketing = signed_in(make_user(Role.MARKETING, unit=unit)).get(address).content.decode()
    assert "hidden from sales while this business unit explores" in sales
    assert "at least 50 people" not in sales
    assert "at least 50 people" in marketing


def test_the_huddle_does_not_tell_who_was_below_the_definition_before_the_deal_is_over(store: DuckDBEngine) -> None:
    unit = exploring()
    lead = of_ten_people(unit)
    Lead.objects.filter(pk=lead.pk).update(
        state="converted", handed_over_at=after(1), due_at=after(2), accepted_at=after(1.1), converted_at=after(1.2)
    )
    lead.refresh_from_db()
    assert lead.evidence
    deal = Opportunity.objects.create(unit=unit, name="A", lead=lead, amount_minor=100_00, currency="EUR")

    def kinds() -> set[str]:
        listed = leads_to_discuss(Meeting(unit), after(1.5))
        assert [one.is_blind for one in listed] == [True]
        return {reason.kind for one in listed for reason in one.reasons}

    assert "surprise" not in kinds()
    Opportunity.objects.filter(pk=deal.pk).update(outcome="won", closed_at=after(1.3))
    assert "surprise" in kinds(), "the deal is over: this is what exploring is for"
    Lead.objects.filter(pk=lead.pk).update(state="rejected", rejected_at=after(1.2), reason="below_definition")
    assert kinds() == {"sent_back"}


def test_the_list_of_leads_with_marketing_says_nothing_of_verdicts_to_salespeople(store: DuckDBEngine) -> None:
    unit = exploring()
    of_ten_people(unit)
    table = {"tab": "marketing", "whose": "all"}
    told = {
        role: signed_in(make_user(role, unit=unit)).get(reverse("leads"), table).content.decode()
        for role in (Role.SALES, Role.MARKETING)
    }
    assert "10 people" in told[Role.MARKETING]
    assert "Tiny" in told[Role.SALES]
    assert "10 people" not in told[Role.SALES]


def test_a_version_in_the_shadow_judges_beside_routes_nobody_and_starts_after_two_weeks(store: DuckDBEngine) -> None:
    unit = make_unit()
    make_definition(unit)
    make_user(Role.SALES, unit=unit, takes_leads=True)
    version = draft_definition(unit, BIG_COMPANY, by=SYSTEM)
    propose_definition(version, by=SYSTEM)
    sign_definition(version, "marketing", by=SYSTEM)
    sign_definition(version, "sales", by=SYSTEM)
    manager = signed_in(make_user(Role.SALES_MANAGER, unit=unit))
    answer = manager.post(reverse("definition_put_in_force", args=[version.pk]), {"in_shadow": "on"}, follow=True)
    assert "No lead came since" in answer.content.decode()
    lead = make_lead(unit, email="a@tiny.example")
    assert qualify_lead(lead, by=SYSTEM), "the version in force decides"
    Relay(store).relay_all()
    page = manager.get(reverse("definition_version", args=[version.pk])).content.decode()
    assert "In the shadow since" in page
    assert "Judged differently" in page
    version.refresh_from_db()
    assert (version.status, version.starts_later) == ("agreed", True)
    assert start_due_definitions(by=SYSTEM, at=after(13.9)) == 0
    assert start_due_definitions(by=SYSTEM, at=after(14.1)) == 1
    assert DefinitionVersion.objects.get(pk=version.pk).status == "in_force"


def test_without_the_shadow_it_is_in_force_at_once() -> None:
    unit = make_unit()
    version = draft_definition(unit, BIG_COMPANY, by=SYSTEM)
    propose_definition(version, by=SYSTEM)
    sign_definition(version, "marketing", by=SYSTEM)
    sign_definition(version, "sales", by=SYSTEM)
    put_in_force(version, by=SYSTEM)
    assert (version.status, version.shadow_from) == ("in_force", None)
