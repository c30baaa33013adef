from datetime import date
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.campaigns.actions import ActivityPlan, CostEntry, add_activity, add_cost, map_code
from loopline.campaigns.models import Activity, Campaign, CampaignCode, CostLine, TrackedLink
from loopline.collect.channels import Visit
from loopline.collect.own import OwnEvent, report_events
from loopline.lib.times import utc_now
from loopline.store.current import use_engine
from loopline.store.duckdb_engine import DuckDBEngine
from tests.make import make_campaign, make_unit, make_user, signed_in
from tests.sync.house import loaded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]
HOSTILE = "<script>alert(1)</script>"
DAY = date(2026, 3, 2)


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit()


@pytest.fixture
def marketer(unit: BusinessUnit) -> User:
    return make_user(Role.MARKETING, unit=unit)


@pytest.mark.parametrize("name", ["campaigns", "codes", "costs", "campaign_new"])
def test_pages_ask_strangers_to_sign_in_and_open_for_marketing(name: str, marketer: User, unit: BusinessUnit) -> None:
    assert Client().get(reverse(name)).status_code == 302
    assert signed_in(marketer).get(reverse(name)).status_code == 200
    sales = signed_in(make_user(Role.SALES, unit=unit)).get(reverse(name))
    assert sales.status_code == (403 if name == "campaign_new" else 200)


def _addresses(campaign: Campaign) -> dict[str, str]:
    activity = add_activity(campaign, ActivityPlan(name="Mailing", kind="mailing"), by=SYSTEM)
    cost = add_cost(campaign, CostEntry(100, "EUR", DAY, DAY), by=SYSTEM)
    code = map_code(campaign, "spring", by=SYSTEM)
    of_campaign = ["campaign", "campaign_edit", "campaign_close", "activity_new", "code_map", "cost_new", "link_new"]
    return {name: reverse(name, args=[campaign.pk]) for name in of_campaign} | {
        "activity_edit": reverse("activity_edit", args=[activity.pk]),
        "activity_remove": reverse("activity_remove", args=[activity.pk]),
        "cost_edit": reverse("cost_edit", args=[cost.pk]),
        "cost_remove": reverse("cost_remove", args=[cost.pk]),
        "code_unmap": reverse("code_unmap", args=[code.pk]),
    }


def test_what_belongs_to_a_campaign_is_closed_to_strangers_other_units_and_sales(
    marketer: User, unit: BusinessUnit
) -> None:
    gets = {"campaign", "campaign_edit", "activity_edit", "cost_edit"}
    other = signed_in(make_user(Role.MARKETING, unit=make_unit()))
    sales = signed_in(make_user(Role.SALES, unit=unit))
    for name, url in _addresses(make_campaign(unit)).items():
        method = "get" if name in gets else "post"
        assert getattr(Client(), method)(url).status_code == 302, name
        assert getattr(other, method)(url).status_code == 404, name
        assert getattr(sales, method)(url).status_code == (200 if name == "campaign" else 403), name
        assert getattr(signed_in(marketer), method)(url).status_code in {200, 302, 422}, name


def test_a_campaign_is_planned_and_edited(marketer: User, unit: BusinessUnit) -> None:
    client = signed_in(marketer)
    data = {
        "unit": unit.pk,
        "name": HOSTILE,
        "channel": "Event",
        "currency": "EUR",
        "amount": "2000.50",
        "status": "running",
    }
    made = client.post(reverse("campaign_new"), data)
    campaign = Campaign.objects.get()
    assert made.status_code == 302
    assert campaign.budget_minor == 200_050
    assert HOSTILE not in client.get(reverse("campaigns")).content.decode()
    wrong = client.post(reverse("campaign_new"), data)
    assert wrong.status_code == 422
    assert "There is already a campaign" in wrong.content.decode()
    edited = client.post(reverse("campaign_edit", args=[campaign.pk]), data | {"name": "Spring", "amount": ""})
    assert edited.status_code == 302
    campaign.refresh_from_db()
    assert (campaign.name, campaign.budget_minor) == ("Spring", None)


def test_a_unit_of_others_cannot_be_chosen(marketer: User) -> None:
    data = {"unit": make_unit().pk, "name": "X", "channel": "Event", "currency": "EUR", "status": "running"}
    page = signed_in(marketer).post(reverse("campaign_new"), data)
    assert page.status_code == 422
    assert not Campaign.objects.exists()


def test_a_cost_is_added_with_and_without_javascript(marketer: User, unit: BusinessUnit) -> None:
    campaign = make_campaign(unit)
    url = reverse("cost_new", args=[campaign.pk])
    data = {f"cost-{name}": value for name, value in {
        "amount": "0", "currency": "EUR", "kind": "actual", "category": "media", "starts_on": "2026-03-02",
    }.items()}  # fmt: skip
    client = signed_in(marketer)
    assert client.post(url, data).status_code == 302
    part = client.post(url, data | {"cost-amount": "12.50"}, headers={"HX-Request": "true"})
    assert list(CostLine.objects.values_list("amount_minor", flat=True)) == [0, 1_250]
    text = part.content.decode()
    assert "€12.50" in text
    assert "<html" not in text
    wrong = client.post(url, data | {"cost-amount": "a lot"})
    assert wrong.status_code == 422
    assert "is not an amount" in wrong.content.decode()


def test_a_claim_is_typed_beside_its_cost_and_stands_on_the_page_beside_the_credit(
    marketer: User, unit: BusinessUnit
) -> None:
    campaign = make_campaign(unit)
    page, client = reverse("campaign", args=[campaign.pk]), signed_in(marketer)
    said = {"amount": "10", "currency": "EUR", "kind": "actual", "category": "media", "starts_on": "2026-03-02"}
    claim = {"platform": HOSTILE[:40], "claimed": "2.5", "claimed_value": "1234.60"}
    data = {f"cost-{name}": value for name, value in (said | claim).items()}
    assert "What ad platforms claim" not in client.get(page).content.decode()
    for wrong, why in (
        ({"cost-claimed": "-1"}, "greater than or equal to 0"), ({"cost-claimed_value": "much"}, "is not an amount"),
        ({"cost-platform": ""}, "Name the ad platform"), ({"cost-kind": "planned"}, "actual cost only"),
    ):  # fmt: skip
        answer = client.post(reverse("cost_new", args=[campaign.pk]), data | wrong)
        assert (answer.status_code, why in answer.content.decode()) == (422, True), why
    assert client.post(reverse("cost_new", args=[campaign.pk]), data).status_code == 302
    cost = CostLine.objects.get()
    assert (cost.platform, cost.claimed_micro, cost.claimed_minor) == (HOSTILE[:40].lower(), 2_500_000, 1_234_60)
    text = client.get(page).content.decode()
    assert "What ad platforms claim" in text
    assert "€1,235" in text
    assert HOSTILE[:40].lower() not in text
    edit = reverse("cost_edit", args=[cost.pk])
    assert 'value="2.5"' in client.get(edit).content.decode()
    client.post(edit, data | {"cost-claimed": "3", "cost-platform": "google"})
    cost.refresh_from_db()
    assert (cost.platform, cost.claimed_micro) == ("google", 3_000_000)
    client.post(edit, {f"cost-{name}": value for name, value in said.items()})
    cost.refresh_from_db()
    assert cost.claimed_micro == 3_000_000, "a form from before knew nothing of claims"


def test_a_cost_in_a_currency_without_a_rate_says_so(marketer: User, unit: BusinessUnit) -> None:
    campaign = make_campaign(unit)
    add_cost(campaign, CostEntry(10_000, "BRL", DAY, DAY), by=SYSTEM)
    text = signed_in(marketer).get(reverse("campaign", args=[campaign.pk])).content.decode()
    assert "no rate for BRL" in text
    assert "incomplete: no rate for BRL" in signed_in(marketer).get(reverse("campaigns")).content.decode()


def test_a_sum_that_lacks_a_cost_without_a_rate_is_marked_where_it_stands(
    marketer: User, unit: BusinessUnit, store: DuckDBEngine, tmp_path: Path
) -> None:
    campaign = make_campaign(unit)
    add_cost(campaign, CostEntry(10_000, "EUR", DAY, DAY), by=SYSTEM)
    with loaded(store, tmp_path):
        text = signed_in(marketer).get(reverse("campaign", args=[campaign.pk])).content.decode()
    assert "€100" in text
    assert "without an exchange rate" not in text
    add_cost(campaign, CostEntry(10_000, "BRL", DAY, DAY), by=SYSTEM)
    with loaded(store, tmp_path):
        text = signed_in(marketer).get(reverse("campaign", args=[campaign.pk])).content.decode()
    assert text.count('title="cost incomplete: 1 cost line without an exchange rate"') == 2, "cost and ROMI"
    assert text.count("1 cost line without an exchange rate</span></span> ") == 0, "as far from its figure as elsewhere"


def test_a_taken_code_is_moved_on_the_second_try(marketer: User, unit: BusinessUnit) -> None:
    first, second = make_campaign(unit, name="First"), make_campaign(unit, name="Second")
    map_code(first, "spring", by=SYSTEM)
    client, url = signed_in(marketer), reverse("code_map", args=[second.pk])
    asked = client.post(url, {"code": "spring"})
    text = asked.content.decode()
    assert "already belongs to “First”" in text
    assert 'name="move" value="on"' in text
    assert client.post(url, {"code": "spring", "move": "on"}).status_code == 302
    assert CampaignCode.objects.get().campaign == second


def test_codes_that_arrive_and_nobody_has_are_offered(
    marketer: User, unit: BusinessUnit, store: DuckDBEngine, tmp_path: Path
) -> None:
    campaign = make_campaign(unit)
    map_code(campaign, "known", by=SYSTEM)
    foreign = make_unit()
    report_events(
        tmp_path,
        [
            OwnEvent(
                event_id=f"e{place}", kind="offline", name="Visit", unit_id=str(unit_id), occurred_at=utc_now(),
                touch_kind="entry", person_id="p", visit=Visit(source="news", campaign=code),
            )
            for place, (unit_id, code) in enumerate([(unit.pk, "known"), (unit.pk, "sprnig"), (foreign.pk, "theirs")])
        ],
    )  # fmt: skip
    client = signed_in(marketer)
    with loaded(store, tmp_path):
        text = client.get(reverse("codes")).content.decode()
        assert "sprnig" in text
        assert "theirs" not in text
        assert "Ours" in client.get(reverse("campaign", args=[campaign.pk])).content.decode()
        client.post(reverse("code_choose"), {"code": "sprnig", "campaign": campaign.pk, "from": "codes"})
        assert "Every code is known" in client.get(reverse("codes")).content.decode()
    assert set(CampaignCode.objects.values_list("code", flat=True)) == {"known", "sprnig"}


def test_a_store_that_does_not_answer_is_said_and_the_rest_is_shown(marketer: User, unit: BusinessUnit) -> None:
    campaign = make_campaign(unit, name="Spring")
    use_engine(None)
    for url in (reverse("campaigns"), reverse("campaign", args=[campaign.pk]), reverse("codes")):
        answer = signed_in(marketer).get(url)
        assert answer.status_code == 200
        assert "the event store is not open" in answer.content.decode()


def test_links_and_activities_are_added(marketer: User, unit: BusinessUnit) -> None:
    campaign = make_campaign(unit)
    client = signed_in(marketer)
    link = {
        "link-url": "https://halden.example/a?b=1",
        "link-source": "news",
        "link-medium": "email",
        "link-code": "Spring",
    }
    client.post(reverse("link_new", args=[campaign.pk]), link)
    assert TrackedLink.objects.get().url.startswith("https://halden.example/a?b=1&utm_source=news")
    wrong = client.post(reverse("link_new", args=[campaign.pk]), link | {"link-url": "javascript:alert(1)"})
    assert "is not a web address" in wrong.content.decode()
    client.post(reverse("activity_new", args=[campaign.pk]), {"activity-name": "Mailing", "activity-kind": "mailing"})
    assert Activity.objects.get().name == "Mailing"


def test_unallocated_costs_have_their_page(marketer: User, unit: BusinessUnit) -> None:
    client = signed_in(marketer)
    assert "Nothing unallocated" in client.get(reverse("costs")).content.decode()
    cost = {"amount": "9.99", "currency": "EUR", "kind": "actual", "category": "tools", "starts_on": "2026-03-02"}
    client.post(reverse("costs"), {"unit": unit.key} | {f"cost-{name}": value for name, value in cost.items()})
    assert CostLine.objects.get().campaign is None
    assert "€9.99" in client.get(reverse("costs")).content.decode()


def test_the_unit_of_an_unallocated_cost_is_chosen_in_the_form_and_nothing_typed_is_lost(unit: BusinessUnit) -> None:
    south = make_unit("South")
    client = signed_in(make_user(Role.ADMINISTRATOR))
    page = client.post(
        reverse("costs"), {"unit": south.key, "cost-amount": "12.34", "cost-currency": "EUR", "cost-note": "Rent"}
    ).content.decode()
    assert f'<option value="{south.key}" selected>South</option>' in page
    assert 'value="12.34"' in page
    assert 'value="Rent"' in page
    assert not CostLine.objects.exists()
