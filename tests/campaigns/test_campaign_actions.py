from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from loopline.access.actor import SYSTEM, Actor, NotAllowedError
from loopline.access.models import AuditEntry, BusinessUnit, ExchangeRate
from loopline.access.roles import Role
from loopline.campaigns.actions import (
    ActivityPlan,
    CampaignPlan,
    CampaignRefusedError,
    Claim,
    CostEntry,
    add_activity,
    add_cost,
    build_link,
    close_campaign,
    convert_costs_again,
    create_campaign,
    edit_activity,
    edit_campaign,
    edit_cost,
    map_code,
    remove_activity,
    remove_cost,
    unmap_code,
)
from loopline.campaigns.claims import claims_of
from loopline.campaigns.codes import CodeTakenError
from loopline.campaigns.links import LinkTags
from loopline.campaigns.models import Campaign, CampaignCode, CostLine
from loopline.campaigns.spend import spend_of
from loopline.facts.models import OutboxRow
from tests.make import make_campaign, make_unit, make_user

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit()


@pytest.fixture
def marketing(unit: BusinessUnit) -> Actor:
    return make_user(Role.MARKETING, unit=unit).actor


def fact(table: str) -> dict[str, Any]:
    row = OutboxRow.objects.filter(table=table).latest("id")
    return {**row.row, "id": row.row_id}


def last_verb() -> str:
    return AuditEntry.objects.latest("seq").verb


def test_a_campaign_is_a_row_an_entry_and_a_fact(unit: BusinessUnit, marketing: Actor) -> None:
    plan = CampaignPlan(name="  Spring   series ", channel="Event", currency="EUR", starts_on=DAY, budget_minor=0)
    campaign = create_campaign(unit, plan, by=marketing)
    assert campaign.name == "Spring series"
    assert last_verb() == "create_campaign"
    told = fact("campaign_facts")
    assert (told["name"], told["starts_on"], told["budget_minor"]) == ("Spring series", "2026-03-02", 0)


def test_an_edit_says_what_it_changed(unit: BusinessUnit, marketing: Actor) -> None:
    campaign = make_campaign(unit, name="Spring")
    edit_campaign(campaign, CampaignPlan(name="Summer", channel="Event", currency="EUR"), by=marketing)
    assert AuditEntry.objects.latest("seq").detail == {"changed": {"name": ["Spring", "Summer"]}}
    assert fact("campaign_facts")["name"] == "Summer"


@pytest.mark.parametrize(
    "plan",
    [
        {"name": " "}, {"name": "x" * 201}, {"channel": ""}, {"currency": "eur"}, {"status": "open"},
        {"starts_on": DAY, "ends_on": date(2026, 3, 1)}, {"budget_minor": -1}, {"target_leads": -1},
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_refused(plan: dict[str, Any], unit: BusinessUnit, marketing: Actor) -> None:
    whole = {"name": "Spring", "channel": "Event", "currency": "EUR"} | plan
    with pytest.raises(CampaignRefusedError):
        create_campaign(unit, CampaignPlan(**whole), by=marketing)
    assert not Campaign.objects.exists()


def test_a_name_is_used_once_in_a_unit_and_again_in_another(unit: BusinessUnit, marketing: Actor) -> None:
    make_campaign(unit, name="Spring")
    with pytest.raises(CampaignRefusedError, match="already a campaign “Spring”"):
        create_campaign(unit, CampaignPlan(name="Spring", channel="Event", currency="EUR"), by=marketing)
    make_campaign(make_unit(), name="Spring")


def test_only_those_of_the_unit_who_may_edit_campaigns_do(unit: BusinessUnit) -> None:
    plan = CampaignPlan(name="Spring", channel="Event", currency="EUR")
    for stranger in (make_user(Role.SALES, unit=unit), make_user(Role.MARKETING, unit=make_unit())):
        with pytest.raises(NotAllowedError):
            create_campaign(unit, plan, by=stranger.actor)


def test_a_campaign_is_closed_once(unit: BusinessUnit, marketing: Actor) -> None:
    campaign = close_campaign(make_campaign(unit), by=marketing)
    assert campaign.status == "done"
    with pytest.raises(CampaignRefusedError, match="already done"):
        close_campaign(campaign, by=marketing)


def test_an_activity_with_costs_stays(unit: BusinessUnit, marketing: Actor) -> None:
    campaign = make_campaign(unit)
    activity = add_activity(campaign, ActivityPlan(name="Mailing", kind="mailing", on=DAY), by=marketing)
    edit_activity(activity, ActivityPlan(name="Second mailing", kind="mailing"), by=marketing)
    entry = CostEntry(100, "EUR", DAY, DAY, activity=activity)
    cost = add_cost(campaign, entry, by=marketing)
    with pytest.raises(CampaignRefusedError, match="has costs or codes"):
        remove_activity(activity, by=marketing)
    remove_cost(cost, by=marketing)
    remove_activity(activity, by=marketing)
    assert not campaign.activities.exists()


def test_a_code_is_trimmed_and_in_lower_case_as_the_collector_stores_it(unit: BusinessUnit, marketing: Actor) -> None:
    campaign = make_campaign(unit)
    map_code(campaign, "  Spring_2026 ", by=marketing)
    told = fact("campaign_code_facts")
    assert (told["id"], told["code"], told["campaign_id"]) == (
        f"{unit.pk}/spring_2026",
        "spring_2026",
        str(campaign.pk),
    )


def test_the_same_code_again_changes_nothing(unit: BusinessUnit, marketing: Actor) -> None:
    campaign = make_campaign(unit)
    map_code(campaign, "spring", by=marketing)
    count = OutboxRow.objects.count()
    map_code(campaign, "SPRING", by=marketing)
    assert OutboxRow.objects.count() == count


def test_a_code_of_another_campaign_moves_only_when_asked_and_says_from_where(
    unit: BusinessUnit, marketing: Actor
) -> None:
    first, second = make_campaign(unit, name="First"), make_campaign(unit, name="Second")
    map_code(first, "spring", by=marketing)
    with pytest.raises(CodeTakenError, match="already belongs to “First”"):
        map_code(second, "spring", by=marketing)
    map_code(second, "spring", move=True, by=marketing)
    assert CampaignCode.objects.get().campaign == second
    entry = AuditEntry.objects.latest("seq")
    assert (entry.verb, entry.detail["taken_from"]) == ("move_code", "First")


def test_two_units_may_use_one_code(unit: BusinessUnit) -> None:
    map_code(make_campaign(unit), "spring", by=SYSTEM)
    map_code(make_campaign(make_unit()), "spring", by=SYSTEM)
    assert CampaignCode.objects.count() == 2


def test_an_unmapped_code_belongs_to_none(unit: BusinessUnit, marketing: Actor) -> None:
    unmap_code(map_code(make_campaign(unit), "spring", by=marketing), by=marketing)
    assert fact("campaign_code_facts")["campaign_id"] == ""
    assert not CampaignCode.objects.exists()


@pytest.mark.parametrize("code", ["", "   ", "a\nb", "x" * 201])
def test_what_is_no_code_is_refused(code: str, unit: BusinessUnit, marketing: Actor) -> None:
    with pytest.raises(CampaignRefusedError):
        map_code(make_campaign(unit), code, by=marketing)


def test_a_built_link_maps_its_code(unit: BusinessUnit, marketing: Actor) -> None:
    campaign = make_campaign(unit)
    link = build_link(
        campaign, "https://halden.example/", LinkTags(source="a", medium="b", campaign="Spring"), by=marketing
    )
    assert link.url.endswith("utm_campaign=spring")
    assert CampaignCode.objects.get().code == "spring"
    with pytest.raises(CodeTakenError):
        build_link(
            make_campaign(unit), "https://halden.example/", LinkTags(source="a", medium="b", campaign="spring"),
            by=marketing,
        )  # fmt: skip


def test_an_explicit_zero_is_a_cost_and_no_line_is_none(unit: BusinessUnit, marketing: Actor) -> None:
    campaign = make_campaign(unit)
    assert spend_of(CostLine.objects.all()) == {}
    add_cost(campaign, CostEntry(0, "EUR", DAY, DAY), by=marketing)
    assert fact("cost_facts")["amount_minor"] == 0
    spend = spend_of(CostLine.objects.all())[campaign.pk]
    assert (spend.actual_minor, spend.planned_minor) == (0, None)


def test_a_cost_without_a_rate_has_no_reporting_amount_and_gets_one_later(unit: BusinessUnit) -> None:
    campaign = make_campaign(unit)
    add_cost(campaign, CostEntry(10_000, "BRL", DAY, DAY), by=SYSTEM)
    assert fact("cost_facts")["reporting_minor"] is None
    assert spend_of(CostLine.objects.all())[campaign.pk].without_rate == {"BRL"}
    ExchangeRate.objects.create(currency="BRL", on=date(2026, 1, 1), rate=Decimal("0.2"))
    assert convert_costs_again(by=SYSTEM) == 1
    assert fact("cost_facts")["reporting_minor"] == 2_000


def test_a_cost_without_a_campaign_is_unallocated(unit: BusinessUnit, marketing: Actor) -> None:
    add_cost(None, CostEntry(500, "EUR", DAY, DAY, category="tools"), unit=unit, by=marketing)
    told = fact("cost_facts")
    assert (told["campaign_id"], told["unit_id"], told["category"]) == ("", str(unit.pk), "tools")
    with pytest.raises(CampaignRefusedError, match="needs a business unit"):
        add_cost(None, CostEntry(500, "EUR", DAY, DAY), by=marketing)


def test_costs_are_edited_and_removed_with_a_new_version_each(unit: BusinessUnit, marketing: Actor) -> None:
    cost = add_cost(make_campaign(unit), CostEntry(500, "EUR", DAY, DAY), by=marketing)
    edit_cost(cost, CostEntry(700, "EUR", DAY, date(2026, 3, 31), note=" agency "), by=marketing)
    assert CostLine.objects.get().note == "agency"
    assert fact("cost_facts")["amount_minor"] == 700
    remove_cost(cost, by=marketing)
    assert fact("cost_facts")["is_deleted"] is True
    assert not CostLine.objects.exists()


def test_a_claim_is_entered_corrected_and_taken_back_and_stays_where_nothing_is_said(
    unit: BusinessUnit, marketing: Actor
) -> None:
    said = CostEntry(500, "EUR", DAY, DAY, claim=Claim(" Google ", 2_500_000, 90_00))
    cost = add_cost(make_campaign(unit), said, by=marketing)
    told = fact("cost_facts")
    assert (told["platform"], told["claimed_micro"], told["claimed_reporting_minor"]) == ("google", 2_500_000, 90_00)
    assert AuditEntry.objects.get(verb="add_cost").detail["entry"]["claimed_micro"] == 2_500_000
    edit_cost(cost, replace(said, claim=Claim("google", 3_000_000, None)), by=marketing)
    assert (fact("cost_facts")["claimed_micro"], fact("cost_facts")["claimed_reporting_minor"]) == (3_000_000, None)
    change = AuditEntry.objects.get(verb="edit_cost").detail
    assert (change["before"]["claimed_micro"], change["entry"]["claimed_micro"]) == (2_500_000, 3_000_000)
    edit_cost(cost, replace(said, amount_minor=600, claim=None), by=marketing)
    assert fact("cost_facts")["claimed_micro"] == 3_000_000
    with pytest.raises(CampaignRefusedError, match="actual cost only"):
        edit_cost(cost, replace(said, kind="planned", claim=None), by=marketing)
    edit_cost(cost, replace(said, claim=Claim()), by=marketing)
    assert (fact("cost_facts")["platform"], fact("cost_facts")["claimed_micro"]) == ("", None)


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        (Claim("", 1_000_000), "Name the ad platform"),
        (Claim("google", -1), "0 or more"),
        (Claim("google", 1, -1), "0 or more"),
        (Claim("x" * 41, 1), "more than 40 characters"),
        (Claim("goo\u200bgle", 1), "cannot be seen"),
        (Claim("goo\x00gle", 1), "characters"),
        (Claim("google", 10**16), "thousand million"),
    ],
)
def test_what_no_platform_can_claim_is_refused(claim: Claim, why: str, unit: BusinessUnit, marketing: Actor) -> None:
    with pytest.raises(CampaignRefusedError, match=why):
        add_cost(make_campaign(unit), CostEntry(500, "EUR", DAY, DAY, claim=claim), by=marketing)
    assert not CostLine.objects.exists()


def test_claims_are_told_by_platform_and_what_has_no_rate_is_left_out_and_said(unit: BusinessUnit) -> None:
    campaign = make_campaign(unit)
    for amount, currency, claim in (
        (500, "EUR", Claim("google", 1_500_000, 90_00)), (700, "EUR", Claim("google", None, None)),
        (900, "BRL", Claim("google", 1_000_000, 50_00)), (100, "EUR", Claim("bing")), (100, "EUR", None),
    ):  # fmt: skip
        add_cost(campaign, CostEntry(amount, currency, DAY, DAY, claim=claim), by=SYSTEM)
    bing, google = claims_of(CostLine.objects.all())
    assert (google.spent_minor, google.conversions, google.value_minor) == (12_00, 2.5, 90_00)
    assert google.without_rate == {"BRL"}
    assert (bing.platform, bing.spent_minor, bing.conversions, bing.value_minor) == ("bing", 1_00, None, None)


@pytest.mark.parametrize(
    "entry",
    [
        CostEntry(1, "euro", DAY, DAY), CostEntry(1, "EUR", DAY, date(2026, 3, 1)),
        CostEntry(1, "EUR", DAY, DAY, kind="x"),
        CostEntry(1, "EUR", DAY, date(2040, 1, 1)), CostEntry(1, "EUR", DAY, DAY, note="x" * 201),
    ],
)  # fmt: skip
def test_a_cost_that_cannot_be_is_refused(entry: CostEntry, unit: BusinessUnit, marketing: Actor) -> None:
    with pytest.raises(CampaignRefusedError):
        add_cost(make_campaign(unit), entry, by=marketing)


def test_finance_books_costs_and_does_not_edit_campaigns(unit: BusinessUnit) -> None:
    finance = make_user(Role.FINANCE, unit=unit).actor
    campaign = make_campaign(unit)
    add_cost(campaign, CostEntry(1, "EUR", DAY, DAY), by=finance)
    with pytest.raises(NotAllowedError):
        close_campaign(campaign, by=finance)
