"""Scorecards after the huddle, comparisons only within the limits of chance, and only of whom one may see."""

from datetime import timedelta
from math import comb

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import BusinessUnit, Mail, User
from loopline.access.roles import Role
from loopline.huddles.actions import close_huddle, open_huddle
from loopline.huddles.funnel import Point, funnel, limits
from loopline.huddles.models import Huddle
from loopline.huddles.scorecard import scorecard, visible_people
from loopline.huddles.scorecard_mail import OPEN_FOR, token_of
from loopline.leads.hand_off_models import HandOffTerms
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.routing.models import Team
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf
from tests.make import make_person, make_unit, make_user, signed_in, signed_in_as

pytestmark = pytest.mark.django_db


def chance_below(part: int, whole: int, share: float) -> float:
    return sum(comb(whole, k) * share**k * (1 - share) ** (whole - k) for k in range(part + 1))


@pytest.mark.parametrize(("whole", "target"), [(20, 0.5), (35, 0.3), (100, 0.9)])
@pytest.mark.parametrize("coverage", [0.95, 0.998])
def test_limits_are_the_exact_ones_of_the_binomial_distribution(whole: int, target: float, coverage: float) -> None:
    found, tail = limits(whole, target, coverage), (1 - coverage) / 2
    low, high = found.low * whole, found.high * whole
    assert chance_below(int(low), whole, target) <= tail <= chance_below(int(low) + 1, whole, target)
    assert chance_below(int(high), whole, target) <= 1 - tail
    assert chance_below(min(int(high) + 1, whole), whole, target) >= 1 - tail


def test_few_leads_are_as_others_where_many_with_the_same_share_are_not() -> None:
    few, many, rest = Point("Few", 1, 4), Point("Many", 30, 120), Point("Rest", 300, 400)
    found = funnel([few, many], [few, many, rest])
    assert found.target == pytest.approx(331 / 524)
    assert [one.verdict for one in found.placed] == ["as others", "below the 99.8 % limit"]
    assert funnel([few], []).placed == []
    assert funnel([Point("All", 5, 5)], [Point("All", 5, 5)]).placed[0].verdict == "as others"


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit("North")


def handed(unit: BusinessUnit, owner: User, *, accepted: int = 0, rejected: int = 0, waiting: int = 0) -> list[Lead]:
    at, state = utc_now() - timedelta(days=2), Lead.State
    answers = [state.ACCEPTED] * accepted + [state.REJECTED] * rejected + [state.HANDED_OVER] * waiting
    leads = [
        Lead(unit=unit, person=make_person(unit=unit), owner=owner, state=answer, created_at=at, handed_over_at=at,
             due_at=at,
             accepted_at=at + timedelta(hours=1) if answer == state.ACCEPTED else None,
             rejected_at=at + timedelta(hours=3) if answer == state.REJECTED else None,
             reason="no_need" if answer == state.REJECTED else "")
        for answer in answers
    ]  # fmt: skip
    return Lead.objects.bulk_create(leads)


def held(unit: BusinessUnit) -> Huddle:
    runner = make_user(Role.SALES_MANAGER, unit=unit)
    huddle = open_huddle(unit, by=runner.actor)
    close_huddle(huddle, carry_over=True, by=runner.actor)
    return huddle


def test_a_scorecard_counts_by_code_and_says_nothing_where_nothing_was_answered(unit: BusinessUnit) -> None:
    card = scorecard(handed(unit, make_user(Role.SALES, unit=unit), accepted=2, rejected=1, waiting=1))
    assert (card.handed_over, card.accepted, card.sent_back, card.waiting, card.won) == (4, 2, 1, 1, 0)
    assert card.by_code == [("no need", 1)]
    assert card.answer_time == timedelta(hours=1)
    assert scorecard([]).answer_time is None


def test_after_the_huddle_each_with_hand_overs_gets_a_card_of_their_own_by_a_signed_link(unit: BusinessUnit) -> None:
    ana, ben, eve = (make_user(Role.SALES, unit=unit, name=name) for name in ("Ana <i>", "Ben", "Eve"))
    handed(unit, ana, accepted=3, rejected=1)
    handed(unit, ben, accepted=1)
    huddle = held(unit)
    mails = Mail.objects.filter(key__startswith="huddle-scorecard/").order_by("to__name")
    assert [mail.to for mail in mails] == [ana, ben]
    assert "4 handed over: 3 accepted, 1 sent back, 0 waiting" in mails[0].text
    address = reverse("scorecard_link", args=[token_of(huddle, ana)])
    assert address in mails[0].text
    page = Client().get(address)
    said = page.content.decode()
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    assert "Ana &lt;i&gt;" in said
    assert "no need 1" in said
    assert "Ben" not in said
    assert Client().post(address).status_code == 405
    for bad in (token_of(huddle, ana)[:-1] + "x", token_of(huddle, make_user(Role.SALES, unit=make_unit()))):
        assert Client().get(reverse("scorecard_link", args=[bad])).status_code == 404
    Huddle.objects.filter(pk=huddle.pk).update(closed_at=utc_now() - OPEN_FOR)
    assert Client().get(address).status_code == 404
    assert eve.name not in said


@pytest.mark.parametrize(
    ("sees", "seller", "manager"),
    [("own", {"Ana"}, {"Mia"}), ("team", {"Ana", "Ben"}, {"Ana", "Ben", "Eve", "Mia"}),
     ("managers", {"Ana"}, {"Ana", "Ben", "Eve", "Mia"})],
)  # fmt: skip
def test_who_sees_whom_is_a_setting_of_the_unit(
    unit: BusinessUnit, sees: str, seller: set[str], manager: set[str]
) -> None:
    ana, ben, eve = (make_user(Role.SALES, unit=unit, name=name) for name in ("Ana", "Ben", "Eve"))
    mia = make_user(Role.SALES_MANAGER, unit=unit, name="Mia")
    Team.objects.create(unit=unit, name="Desk").members.set([ana, ben])
    HandOffTerms.objects.create(unit=unit, sees=sees)
    for one in (ana, ben, eve, mia):
        handed(unit, one, accepted=2, rejected=1)
    assert {one.name for one in visible_people(ana.actor, unit)} == seller
    assert {one.name for one in visible_people(mia.actor, unit)} == manager
    assert not visible_people(make_user(Role.SALES_MANAGER, unit=make_unit()).actor, unit)
    page = signed_in(ana).get(reverse("scorecards"))
    assert {one.point.name for one in page.context["funnel"].placed} == seller
    assert {person.name for person, _ in page.context["cards"]} == seller
    assert page.context["funnel"].target == pytest.approx(2 / 3), "the share of all together is everybody's"


def test_a_partner_has_a_card_of_the_leads_it_brought(unit: BusinessUnit, store: DuckDBEngine) -> None:
    ana = make_user(Role.SALES, unit=unit, name="Ana")
    brought, other = handed(unit, ana, accepted=1, rejected=1)
    shelf, north = Shelf(store), str(unit.pk)
    for lead, channel, source in ((brought, "Partner", "nordkontor"), (other, "Paid Search", "google")):
        shelf.person(str(lead.person_id), f"v-{lead.pk}")
        came = {"channel": channel, "utm_source": source, "unit_id": north}
        shelf.touch(f"t-{lead.pk}", f"visitor:v-{lead.pk}", lead.created_at - timedelta(days=1), **came)
        shelf.lead(str(lead.pk), str(lead.person_id), lead.created_at, unit_id=north)
    shelf.store()
    page = signed_in(ana).get(reverse("scorecards"))
    [(partner, card)] = page.context["partners"]
    assert (partner, card.handed_over, card.accepted) == ("nordkontor", 1, 1)
    assert "partner, last 90 days" in page.content.decode()


def test_without_the_event_store_the_page_says_that_partners_are_missing(unit: BusinessUnit) -> None:
    page = signed_in_as(Role.SALES, unit).get(reverse("scorecards"))
    assert "Partners are not shown: the event store did not answer" in page.content.decode()


def test_the_page_of_scorecards_is_for_those_who_see_huddles(unit: BusinessUnit) -> None:
    address = reverse("scorecards")
    assert Client().get(address).status_code == 302
    assert signed_in_as(Role.FINANCE, unit).get(address).status_code == 403
    page = signed_in_as(Role.SALES, unit).get(address)
    assert "No hand-overs to show" in page.content.decode()
