"""The board and the list of opportunities, and what leads there from Today."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.pipeline.models import Opportunity
from loopline.web.waiting_today import waiting_for
from tests.make import make_unit, make_user, signed_in
from tests.pipeline.records import make_opportunity

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


def test_the_board_shows_counts_and_sums_per_currency(seller: User, unit: BusinessUnit) -> None:
    make_opportunity(unit, amount_minor=120_000)
    make_opportunity(unit, amount_minor=80_000)
    make_opportunity(unit, amount_minor=500_000, currency="USD")
    make_opportunity(unit, amount_minor=None)
    make_opportunity(make_unit(), amount_minor=999_900)
    text = signed_in(seller).get(reverse("pipeline")).content.decode()
    assert "€2,000" in text
    assert "$5,000" in text
    assert "€9,999" not in text
    assert "1 without an amount" in text


def test_the_board_can_be_asked_for_an_owner_a_unit_and_a_period(seller: User, unit: BusinessUnit) -> None:
    mine = make_opportunity(unit, owner=seller)
    Opportunity.objects.filter(pk=mine.pk).update(name="Mine", expected_close_on=timezone.localdate())
    make_opportunity(unit)
    client = signed_in(seller)
    for query in (f"owner={seller.pk}", "closing=month", "closing=quarter"):
        text = client.get(reverse("pipeline") + "?" + query).content.decode()
        assert "Mine" in text
        assert "Halden Foods, 40 seats" not in text
    assert "Mine" not in client.get(reverse("pipeline") + f"?unit={make_unit().pk}").content.decode()
    assert client.get(reverse("pipeline") + "?owner=x&unit=y&closing=z").status_code == 200


def test_today_opens_the_list_of_just_the_deals_it_counted(seller: User, unit: BusinessUnit) -> None:
    now, today = timezone.now(), timezone.localdate()
    deals = {
        "Still": {"stage_entered_at": now - timedelta(days=15), "expected_close_on": today + timedelta(days=90)},
        "Stuck": {"stage_entered_at": now, "needs_help": True, "expected_close_on": None},
        "Soon": {"stage_entered_at": now, "expected_close_on": today + timedelta(days=7)},
        "Late": {"stage_entered_at": now, "expected_close_on": today - timedelta(days=1)},
        "Fresh": {"stage_entered_at": now, "expected_close_on": today + timedelta(days=8)},
    }
    for name, values in deals.items():
        Opportunity.objects.filter(pk=make_opportunity(unit, owner=seller).pk).update(name=f"{name} deal", **values)
    others = make_opportunity(unit)
    Opportunity.objects.filter(pk=others.pk).update(name="Other deal", stage_entered_at=now - timedelta(days=15))
    manager = make_user(Role.SALES_MANAGER, unit=unit)
    found = {(user, one.title): one for user in (seller, manager) for one in waiting_for(user.actor)}
    for user, title, names in (
        (seller, "Deals that stand still", {"Still"}),
        (manager, "Deals that stand still", {"Still", "Other"}),
        (seller, "Deals about to close", {"Soon", "Late"}),
        (manager, "Deals that need help", {"Stuck"}),
    ):
        one = found[user, title]
        text = signed_in(user).get(reverse(one.route) + one.query).content.decode()
        assert {name for name in [*deals, "Other"] if f"{name} deal" in text} == names
        assert one.count == len(names)


def test_a_phone_shows_the_board_one_stage_at_a_time(seller: User, unit: BusinessUnit) -> None:
    make_opportunity(unit)
    there = make_opportunity(unit)
    Opportunity.objects.filter(pk=there.pk).update(stage="proposal")
    client = signed_in(seller)

    def shown(query: str) -> list[str]:
        text = client.get(reverse("pipeline") + query).content.decode()
        return re.findall(r'class="board-column is-shown" data-column="(\w+)"', text)

    assert shown("") == ["qualified"]
    assert shown("?show=proposal&help=0") == ["proposal"]
    assert shown("?show=elsewhere") == ["qualified"]
    Opportunity.objects.filter(stage="qualified").delete()
    assert shown("") == ["proposal"]
    text = client.get(reverse("pipeline") + "?help=0").content.decode()
    assert 'href="?help=0&amp;show=negotiation"' in text


def test_an_empty_board_says_what_will_be_here(seller: User) -> None:
    assert "No opportunities yet" in signed_in(seller).get(reverse("pipeline")).content.decode()


def test_a_card_is_moved_from_the_board_and_the_board_comes_back(seller: User, unit: BusinessUnit) -> None:
    opportunity = make_opportunity(unit)
    answer = signed_in(seller).post(
        reverse("opportunity_stage", args=[opportunity.pk]), {"stage": "proposal", "board": "closing=none"}
    )
    assert answer.headers["Location"] == reverse("pipeline") + "?closing=none"
    opportunity.refresh_from_db()
    assert opportunity.stage == "proposal"


def test_a_stage_that_does_not_exist_is_refused_in_words(seller: User, unit: BusinessUnit) -> None:
    opportunity = make_opportunity(unit)
    url = reverse("opportunity_stage", args=[opportunity.pk])
    answer = signed_in(seller).post(url, {"stage": HOSTILE}, follow=True)
    text = answer.content.decode()
    assert "There is no stage" in text
    assert HOSTILE not in text
