from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.leads.models import Lead
from loopline.people.models import Person
from loopline.pipeline.models import Interaction, Opportunity, Task
from tests.make import make_person, make_unit, make_user, signed_in
from tests.make_leads import make_lead
from tests.pipeline.records import make_accepted_lead, make_opportunity, make_seller

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


PAGES = ["pipeline", "pipeline_list", "opportunity_new", "tasks"]
OF_ONE = ["opportunity", "opportunity_edit", "opportunity_win", "opportunity_lose", "opportunity_contact"]
POSTED = ["opportunity_stage", "opportunity_help", "opportunity_reopen"]


@pytest.mark.parametrize("name", PAGES)
def test_pages_ask_strangers_to_sign_in_refuse_the_wrong_role_and_open_for_sales(name: str, seller: User) -> None:
    assert Client().get(reverse(name)).status_code == 302
    finance = signed_in(make_user(Role.FINANCE, unit=seller.units.get())).get(reverse(name))
    assert finance.status_code == (403 if name == "opportunity_new" else 200)
    assert signed_in(seller).get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", OF_ONE)
def test_pages_of_an_opportunity_are_closed_to_strangers_and_other_units(
    name: str, seller: User, unit: BusinessUnit
) -> None:
    url = reverse(name, args=[make_opportunity(unit).pk])
    assert Client().get(url).status_code == 302
    stranger, _, _ = make_seller()
    assert signed_in(stranger).get(url).status_code == 404
    assert signed_in(seller).get(url).status_code == 200


@pytest.mark.parametrize("name", POSTED)
def test_posts_of_an_opportunity_are_closed_to_strangers_other_units_and_marketing(
    name: str, seller: User, unit: BusinessUnit
) -> None:
    url = reverse(name, args=[make_opportunity(unit).pk])
    assert Client().post(url).status_code == 302
    assert signed_in(make_seller()[0]).post(url).status_code == 404
    assert signed_in(make_user(Role.MARKETING, unit=unit)).post(url).status_code == 403
    assert signed_in(seller).get(url).status_code == 405
    assert signed_in(seller).post(url).status_code == 302


def test_an_accepted_lead_is_converted_on_its_page(seller: User, unit: BusinessUnit) -> None:
    lead = make_accepted_lead(unit, seller, make_person("ines@halden.example", unit=unit, company_name="Halden Foods"))
    client = signed_in(seller)
    url = reverse("lead_convert", args=[lead.pk])
    assert "Halden Foods" in client.get(url).content.decode()
    form = {"name": "Halden Foods", "amount": "12 500.50", "currency": "EUR", "expected_close_on": "2026-12-31"}
    answer = client.post(url, form)
    opportunity = Opportunity.objects.get()
    assert answer.headers["Location"] == reverse("opportunity", args=[opportunity.pk])
    assert (opportunity.amount_minor, opportunity.lead, opportunity.owner) == (1_250_050, lead, seller)
    assert client.get(url).headers["Location"] == reverse("opportunity", args=[opportunity.pk])


def test_a_lead_of_someone_else_or_elsewhere_is_not_converted(seller: User, unit: BusinessUnit) -> None:
    url = reverse("lead_convert", args=[make_accepted_lead(unit, seller).pk])
    form = {"name": "X", "amount": "", "currency": "EUR"}
    assert Client().post(url, form).status_code == 302
    assert signed_in(make_seller()[0]).post(url, form).status_code == 404
    assert signed_in(make_seller(unit=unit)[0]).post(url, form).status_code == 403
    assert signed_in(make_user(Role.MARKETING, unit=unit)).post(url, form).status_code == 403


def test_a_lead_that_is_not_accepted_says_so(seller: User, unit: BusinessUnit) -> None:
    lead = make_accepted_lead(unit, seller)
    Lead.objects.filter(pk=lead.pk).update(state="recycled")
    url = reverse("lead_convert", args=[lead.pk])
    text = signed_in(seller).post(url, {"name": "X", "amount": "", "currency": "EUR"}).content.decode()
    assert "only an accepted lead can be converted" in text


def test_winning_asks_for_an_amount_and_a_day(seller: User, unit: BusinessUnit) -> None:
    opportunity = make_opportunity(unit, amount_minor=None)
    client = signed_in(seller)
    url = reverse("opportunity_win", args=[opportunity.pk])
    form = {"win-amount": "", "win-currency": "EUR", "win-closed_on": str(timezone.localdate())}
    assert "This field is required" in client.post(url, form).content.decode()
    assert "is not an amount" in client.post(url, form | {"win-amount": "a lot"}).content.decode()
    assert (
        "closing date" in client.post(url, form | {"win-amount": "1", "win-closed_on": "2020-01-01"}).content.decode()
    )
    assert client.post(url, form | {"win-amount": "1180.50"}).status_code == 302
    opportunity.refresh_from_db()
    assert (opportunity.outcome, opportunity.amount_minor) == ("won", 118_050)


def test_losing_asks_for_a_reason(seller: User, unit: BusinessUnit) -> None:
    opportunity = make_opportunity(unit)
    client = signed_in(seller)
    url = reverse("opportunity_lose", args=[opportunity.pk])
    day = str(timezone.localdate())
    assert client.post(url, {"lose-reason": "", "lose-closed_on": day}).status_code == 200
    client.post(url, {"lose-reason": "price", "lose-note": HOSTILE, "lose-closed_on": day})
    opportunity.refresh_from_db()
    assert opportunity.loss_reason == "price"
    assert HOSTILE not in client.get(reverse("opportunity", args=[opportunity.pk])).content.decode()


def test_a_won_opportunity_is_refunded_by_finance_and_not_by_sales(seller: User, unit: BusinessUnit) -> None:
    opportunity = make_opportunity(unit)
    sales, finance = signed_in(seller), signed_in(make_user(Role.FINANCE, unit=unit))
    day = str(timezone.localdate())
    sales.post(
        reverse("opportunity_win", args=[opportunity.pk]),
        {"win-amount": "1200", "win-currency": "EUR", "win-closed_on": day},
    )
    url = reverse("opportunity_refund", args=[opportunity.pk])
    form = {"refund-amount": "200", "refund-currency": "EUR", "refund-on": day, "refund-reason": HOSTILE}
    assert Client().post(url, form).status_code == 302
    assert sales.post(url, form).status_code == 403
    refused = finance.post(url, form | {"refund-amount": "1200.01"}).content.decode()
    assert "at most what is left of the sale, €1,200.00" in refused
    assert finance.post(url, form).status_code == 302
    assert opportunity.refunded_minor == 20_000
    text = finance.get(reverse("opportunity", args=[opportunity.pk])).content.decode()
    assert "€200.00" in text
    assert HOSTILE not in text
    assert "Your role does not see people" in text


def test_who_may_not_see_people_is_told_no_name_and_led_nowhere_closed(seller: User, unit: BusinessUnit) -> None:
    opportunity, lead = make_opportunity(unit), make_lead(unit, name="Ines Sol", company_name="Halden Foods")
    opportunity.lead, opportunity.company = lead, lead.person.company
    opportunity.save(update_fields=["lead", "company"])
    address = reverse("opportunity", args=[opportunity.pk])
    links = [reverse("lead", args=[lead.pk]), reverse("company", args=[opportunity.company_id])]
    text = signed_in(seller).get(address).content.decode()
    assert all(link in text for link in ["Ines Sol", *links])
    text = signed_in(make_user(Role.FINANCE, unit=unit)).get(address).content.decode()
    assert not [link for link in ["Ines Sol", *links] if link in text]
    assert "From lead" in text
    assert "so they are left out" in text
    assert "Nobody yet" not in text, "there is a contact; the role does not see it"
    assert "What was said" not in text, "finance may not write down a talk, so nothing offers it"


def test_an_edit_saves_what_was_changed_on_the_page(seller: User, unit: BusinessUnit) -> None:
    opportunity = make_opportunity(unit)
    form = {"name": "Halden, 50 seats", "amount": "1500", "currency": "EUR", "owner": str(seller.pk)}
    answer = signed_in(seller).post(reverse("opportunity_edit", args=[opportunity.pk]), form)
    assert answer.status_code == 302
    opportunity.refresh_from_db()
    assert (opportunity.name, opportunity.amount_minor, opportunity.owner) == ("Halden, 50 seats", 150_000, seller)


def test_an_amount_without_a_rate_says_so(seller: User, unit: BusinessUnit) -> None:
    opportunity = make_opportunity(unit, currency="BRL")
    text = signed_in(seller).get(reverse("opportunity", args=[opportunity.pk])).content.decode()
    assert "no rate to EUR" in text


def test_help_is_asked_for_and_marked(seller: User, unit: BusinessUnit) -> None:
    opportunity = make_opportunity(unit)
    client = signed_in(seller)
    client.post(reverse("opportunity_help", args=[opportunity.pk]), {"needs_help": "1"})
    assert "needs help" in client.get(reverse("pipeline")).content.decode()


def test_a_contact_is_added_by_address_made_primary_and_removed(seller: User, unit: BusinessUnit) -> None:
    opportunity = make_opportunity(unit)
    first = opportunity.contacts.get().person
    client = signed_in(seller)
    form = {"contact-email": "Tomas@Ruiz.example", "contact-name": HOSTILE, "contact-role": "champion"}
    client.post(reverse("opportunity_contact", args=[opportunity.pk]), form)
    added = Person.objects.get(email="tomas@ruiz.example")
    client.post(reverse("opportunity_contact_change", args=[opportunity.pk, added.pk]), {"primary": "1"})
    assert opportunity.contacts.get(is_primary=True).person == added
    client.post(reverse("opportunity_contact_change", args=[opportunity.pk, first.pk]), {"remove": "1"})
    assert [one.person for one in opportunity.contacts.all()] == [added]
    page = client.get(reverse("opportunity", args=[opportunity.pk])).content.decode()
    assert HOSTILE not in page
    url = reverse("opportunity_contact_change", args=[opportunity.pk, added.pk])
    assert Client().post(url).status_code == 302
    assert signed_in(make_seller()[0]).post(url).status_code == 404


def test_a_new_opportunity_needs_no_lead(seller: User, unit: BusinessUnit) -> None:
    form = {"name": "Ruiz y Hijos", "amount": "", "currency": "EUR", "email": "tomas@ruiz.example", "owner": ""}
    signed_in(seller).post(reverse("opportunity_new"), form)
    opportunity = Opportunity.objects.get()
    assert (opportunity.unit, opportunity.contacts.get().person.email) == (unit, "tomas@ruiz.example")


def test_a_call_is_written_down_and_shows_in_the_route(seller: User, unit: BusinessUnit) -> None:
    opportunity = make_opportunity(unit)
    person = opportunity.contacts.get().person
    url = reverse("interaction_new")
    form = {"opportunity": str(opportunity.pk), "kind": "call", "person": str(person.pk), "was_answered": "on",
            "summary": f"wants 50 seats {HOSTILE}"}  # fmt: skip
    assert Client().post(url, form).status_code == 302
    assert signed_in(make_seller()[0]).post(url, form).status_code == 404
    assert signed_in(make_user(Role.FINANCE, unit=unit)).post(url, form).status_code == 403
    client = signed_in(seller)
    answer = client.post(url, form)
    assert answer.headers["Location"] == reverse("opportunity", args=[opportunity.pk])
    talk = Interaction.objects.get()
    assert (talk.person, talk.opportunity, talk.by) == (person, opportunity, seller)
    page = client.get(reverse("opportunity", args=[opportunity.pk])).content.decode()
    assert "wants 50 seats" in page
    assert HOSTILE not in page


def test_an_interaction_goes_back_only_to_a_page_of_ours(seller: User, unit: BusinessUnit) -> None:
    person = make_person(unit=unit)
    form = {
        "person": str(person.pk),
        "kind": "note",
        "summary": "asked for references",
        "next": "https://evil.example/",
    }
    answer = signed_in(seller).post(reverse("interaction_new"), form)
    assert answer.headers["Location"] == reverse("pipeline")
    assert signed_in(seller).get(reverse("interaction_new") + "?person=nobody").status_code == 404


def test_tasks_are_grouped_by_day_and_done_with_a_click(seller: User, unit: BusinessUnit) -> None:
    client = signed_in(seller)
    today = timezone.localdate()
    for title, due in (("Call back", today - timedelta(days=2)), (HOSTILE, today), ("Send it", "")):
        client.post(reverse("task_new"), {"title": title, "due_on": str(due), "owner": str(seller.pk)})
    text = client.get(reverse("tasks")).content.decode()
    for word in ("Overdue", "Today", "Some day", "Call back"):
        assert word in text
    assert HOSTILE not in text
    task = Task.objects.get(title="Call back")
    url = reverse("task_done", args=[task.pk])
    assert Client().post(url).status_code == 302
    assert signed_in(make_seller()[0]).post(url).status_code == 404
    assert signed_in(make_seller(unit=unit)[0]).post(url).status_code == 403
    client.post(url)
    task.refresh_from_db()
    assert task.done_at is not None
    client.post(reverse("task_reopen", args=[task.pk]))
    task.refresh_from_db()
    assert task.done_at is None


def test_a_manager_sees_the_teams_tasks_and_a_salesperson_only_their_own(seller: User, unit: BusinessUnit) -> None:
    Task.objects.create(unit=unit, title="Call back", owner=seller)
    manager, colleague = make_user(Role.SALES_MANAGER, unit=unit), make_user(Role.SALES, unit=unit)
    assert "Call back" not in signed_in(manager).get(reverse("tasks")).content.decode()
    assert "Call back" in signed_in(manager).get(reverse("tasks") + "?whose=team").content.decode()
    assert "Call back" in signed_in(manager).get(reverse("tasks") + f"?whose={seller.pk}").content.decode()
    assert "Call back" not in signed_in(colleague).get(reverse("tasks") + "?whose=team").content.decode()


def test_a_task_about_something_unseen_is_not_found(seller: User) -> None:
    form = {"title": "Call", "owner": str(seller.pk), "opportunity": str(make_opportunity(make_unit()).pk)}
    assert signed_in(seller).post(reverse("task_new"), form).status_code == 404
    assert signed_in(seller).post(reverse("task_new"), form | {"opportunity": str(uuid4())}).status_code == 404
    assert signed_in(seller).post(reverse("task_new"), form | {"opportunity": "x"}).status_code == 404


def test_the_list_leads_back_to_the_board_with_or_without_a_choice(seller: User) -> None:
    client, board = signed_in(seller), reverse("pipeline")
    for query, back in (("", board), ("?outcome=won", board), ("?owner=all&stage=proposal", f"{board}?owner=all")):
        assert f'href="{back}"' in client.get(reverse("pipeline_list") + query).content.decode(), query


def test_the_list_of_one_stage_says_its_name(seller: User) -> None:
    text = signed_in(seller).get(reverse("pipeline_list"), {"stage": "proposal"}).content.decode()
    assert "Only in Proposal." in text


def test_what_waits_on_the_list_stands_beside_the_word_tasks(seller: User, unit: BusinessUnit) -> None:
    Task.objects.create(unit=unit, title="Call back", owner=seller, due_on=timezone.localdate())
    assert '<span class="waiting">1</span>' in signed_in(seller).get(reverse("tasks")).content.decode()


STRANGE_ADDRESSES = ['"a b"@halden.example', "a@[127.0.0.1]"]


@pytest.mark.parametrize("email", STRANGE_ADDRESSES)
def test_an_address_that_makes_no_person_is_refused_in_words(seller: User, unit: BusinessUnit, email: str) -> None:
    opportunity, people = make_opportunity(unit), Person.objects.count()
    client = signed_in(seller)
    contact = client.post(
        reverse("opportunity_contact", args=[opportunity.pk]), {"contact-email": email, "contact-role": "other"}
    )
    new = client.post(reverse("opportunity_new"), {"name": "X", "amount": "", "currency": "EUR", "email": email})
    assert b"@" in contact.content
    assert (contact.status_code, new.status_code) == (200, 200)
    assert (Person.objects.count(), Opportunity.objects.count()) == (people, 1)


def test_a_person_of_another_unit_is_neither_shown_nor_changed_by_typing_the_address(
    seller: User, unit: BusinessUnit
) -> None:
    stranger = make_person("eve@elsewhere.example", unit=make_unit())
    opportunity = make_opportunity(unit)
    client = signed_in(seller)
    form = {"contact-email": "eve@elsewhere.example", "contact-name": "Named by a stranger", "contact-role": "other"}
    assert client.post(reverse("opportunity_contact", args=[opportunity.pk]), form).status_code == 403
    new = {"name": "X", "amount": "", "currency": "EUR", "email": "eve@elsewhere.example"}
    assert client.post(reverse("opportunity_new"), new).status_code == 403
    stranger.refresh_from_db()
    assert stranger.name == ""
    assert not stranger.opportunity_roles.exists()
    assert Opportunity.objects.count() == 1


@pytest.mark.parametrize("role", [Role.MARKETING, Role.FINANCE])
def test_everybody_works_on_their_own_tasks_but_only_sales_edits_the_pipeline(role: Role, unit: BusinessUnit) -> None:
    user = make_user(role, unit=unit)
    client = signed_in(user)
    assert client.post(reverse("task_new"), {"title": "New page", "owner": str(user.pk)}).status_code == 302
    task = Task.objects.get()
    assert "New page" in client.get(reverse("tasks")).content.decode()
    assert client.post(reverse("task_done", args=[task.pk])).status_code == 302
    task.refresh_from_db()
    assert task.done_at is not None
    assert reverse("tasks") in client.get(reverse("pipeline")).content.decode()
    assert client.get(reverse("opportunity_new")).status_code == 403


def test_a_task_that_is_due_stands_on_the_today_of_marketing(unit: BusinessUnit) -> None:
    user = make_user(Role.MARKETING, unit=unit)
    client = signed_in(user)
    client.post(reverse("task_new"), {"title": "New page", "owner": str(user.pk), "due_on": "2026-01-02"})
    assert "New page" in client.get(reverse("today")).content.decode()
