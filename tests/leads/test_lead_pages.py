"""The pages of leads: anonymous people sign in, other units see nothing, wrong roles are told who may."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.roles import Role
from loopline.leads.models import Lead
from tests.make import make_unit, make_user, signed_in
from tests.make_leads import make_definition, make_handed_over_lead, make_lead

pytestmark = pytest.mark.django_db

READ = ["lead", "lead_send_back", "lead_help", "lead_assign", "lead_recycle", "lead_disqualify"]
WRITE: dict[str, dict[str, str]] = {
    "lead_accept": {},
    "lead_send_back": {"reason": "no_need", "note": "bought already"},
    "lead_help": {"note": "no number"},
    "lead_recycle": {"reason": "timing", "return_on": "2027-01-01"},
    "lead_disqualify": {"reason": "not_a_buyer", "kind": "competitor"},
    "lead_judge": {},
}


@pytest.mark.parametrize("name", READ)
def test_anonymous_people_are_asked_to_sign_in(name: str, client: Client) -> None:
    lead, _ = make_handed_over_lead()
    for address in (reverse("leads"), reverse(name, args=[lead.pk])):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", WRITE)
def test_another_units_manager_finds_no_such_lead_and_changes_nothing(name: str) -> None:
    lead, _ = make_handed_over_lead()
    stranger = signed_in(make_user(Role.SALES_MANAGER, unit=make_unit()))
    assert stranger.get(reverse("lead", args=[lead.pk])).status_code == 404
    assert stranger.post(reverse(name, args=[lead.pk]), WRITE[name]).status_code == 404
    lead.refresh_from_db()
    assert lead.state == Lead.State.HANDED_OVER


@pytest.mark.parametrize("name", WRITE)
def test_finance_may_not_see_people_and_is_told_who_may(name: str) -> None:
    lead, _ = make_handed_over_lead()
    finance = signed_in(make_user(Role.FINANCE, unit=lead.unit))
    assert finance.get(reverse("leads")).status_code == 403
    assert finance.post(reverse(name, args=[lead.pk]), WRITE[name]).status_code == 403


def test_the_queue_shows_whose_turn_it_is_and_why() -> None:
    lead, owner = make_handed_over_lead(name="Ines Okafor")
    other, _ = make_handed_over_lead(name="Elsewhere")
    page = signed_in(owner).get(reverse("leads")).content.decode()
    assert "Leads waiting for you" in page
    assert "Ines Okafor" in page
    assert "business e-mail halden.example" in page
    assert "definition v1" in page
    assert other.person.name not in page
    assert reverse("lead_accept", args=[lead.pk]) in page


def test_a_colleague_sees_the_lead_but_has_no_buttons_for_it() -> None:
    lead, _ = make_handed_over_lead()
    colleague = signed_in(make_user(Role.SALES, unit=lead.unit))
    page = colleague.get(reverse("lead", args=[lead.pk])).content.decode()
    assert reverse("lead_accept", args=[lead.pk]) not in page
    assert colleague.post(reverse("lead_accept", args=[lead.pk])).status_code == 403
    lead.refresh_from_db()
    assert lead.state == Lead.State.HANDED_OVER


def test_accepting_from_the_queue_goes_back_to_the_queue_and_twice_says_so() -> None:
    lead, owner = make_handed_over_lead(name="Ines")
    client = signed_in(owner)
    answer = client.post(reverse("lead_accept", args=[lead.pk]), {"back_to": "queue"}, follow=True)
    assert answer.redirect_chain == [(reverse("leads"), 302)]
    assert "Ines is yours" in answer.content.decode()
    again = client.post(reverse("lead_accept", args=[lead.pk]), follow=True)
    assert "cannot be accepted: the lead is accepted by" in again.content.decode()


def test_sending_back_needs_a_reason_and_timing_needs_a_date() -> None:
    lead, owner = make_handed_over_lead()
    client, address = signed_in(owner), reverse("lead_send_back", args=[lead.pk])
    assert client.post(address, {}).status_code == 422
    answer = client.post(address, {"reason": "timing"})
    assert answer.status_code == 422
    assert "Give a date" in answer.content.decode()
    assert client.post(address, {"reason": "timing", "return_on": "2027-01-01"}).status_code == 302
    lead.refresh_from_db()
    assert (lead.state, str(lead.return_on)) == (Lead.State.REJECTED, "2027-01-01")


def test_a_manager_hands_a_lead_to_someone_else_but_not_to_another_unit() -> None:
    lead, owner = make_handed_over_lead()
    manager, other = make_user(Role.SALES_MANAGER, unit=lead.unit), make_user(Role.SALES, unit=lead.unit)
    address = reverse("lead_assign", args=[lead.pk])
    assert signed_in(owner).post(address, {"to": other.pk}).status_code == 403
    stranger = make_user(Role.SALES, unit=make_unit())
    assert signed_in(manager).post(address, {"to": stranger.pk}).status_code == 422
    assert signed_in(manager).post(address, {"to": other.pk}).status_code == 302
    lead.refresh_from_db()
    assert lead.owner == other


def test_marketing_recycles_and_disqualifies_what_came_back() -> None:
    for name, state in (("lead_recycle", "recycled"), ("lead_disqualify", "disqualified")):
        lead, owner = make_handed_over_lead()
        signed_in(owner).post(reverse("lead_send_back", args=[lead.pk]), {"reason": "no_need"})
        marketing = signed_in(make_user(Role.MARKETING, unit=lead.unit))
        page = marketing.get(reverse("lead", args=[lead.pk])).content.decode()
        assert reverse(name, args=[lead.pk]) in page
        assert marketing.post(reverse(name, args=[lead.pk]), WRITE[name]).status_code == 302
        lead.refresh_from_db()
        assert lead.state == state


def test_a_qualified_lead_without_a_salesperson_is_a_warning_on_the_page() -> None:
    unit = make_unit()
    make_definition(unit)
    lead = make_lead(unit)
    marketing = signed_in(make_user(Role.MARKETING, unit=unit))
    marketing.post(reverse("lead_judge", args=[lead.pk]))
    page = marketing.get(reverse("leads")).content.decode()
    assert "1 qualified lead waits without a salesperson" in page


def test_what_a_lead_with_marketing_misses_is_said_in_full_also_on_a_phone() -> None:
    unit = make_unit()
    make_definition(unit)
    client = signed_in(make_user(Role.MARKETING, unit=unit))
    lead = make_lead(unit, email="ines@mail.example")
    lead.evidence = [{"clause": "long", "reason": f"{'x' * 150}end", "is_met": False}]
    lead.save()
    page = client.get(reverse("leads"), {"tab": "marketing"}).content.decode()
    assert page.count(f"{'x' * 150}end") == 2, "in its column, and under the name where that column is hidden"


def test_one_chip_says_whose_leads_are_shown() -> None:
    lead, owner = make_handed_over_lead()
    client = signed_in(owner)
    assert "Owner <b>me</b>" in client.get(reverse("leads")).content.decode()
    assert "Owner <b>everyone</b>" in client.get(reverse("leads"), {"whose": "all"}).content.decode()
    by_name = client.get(reverse("leads"), {"whose": "all", "owner": str(lead.owner_id)}).content.decode()
    assert f"Owner <b>{owner.name}</b>" in by_name


@pytest.mark.parametrize("tab", ["waiting", "accepted", "marketing", "back", "all", "nonsense"])
def test_every_tab_answers_also_with_hostile_words(tab: str) -> None:
    _, owner = make_handed_over_lead(name="<script>alert(1)</script>")
    address = reverse("leads")
    query = {"tab": tab, "q": "<script>", "unit": "x", "owner": "'", "page": "99", "lead": "?"}
    answer = signed_in(owner).get(address, query)
    assert answer.status_code == 200
    assert "<script>alert(1)" not in answer.content.decode()


def test_the_number_of_questions_does_not_grow_with_the_queue(
    django_assert_max_num_queries: Callable[[int], object],
) -> None:
    unit = make_unit()
    for _ in range(8):
        _, owner = make_handed_over_lead(unit)
    client = signed_in(owner)
    client.get(reverse("leads"))
    with django_assert_max_num_queries(40):  # type: ignore[attr-defined]
        client.get(reverse("leads"))
