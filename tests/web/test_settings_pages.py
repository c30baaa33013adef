"""The pages of the settings: anonymous, wrong role, allowed."""

import re

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.audit import audit
from loopline.access.models import AuditEntry, BusinessUnit, ExchangeRate, Organisation, User
from loopline.access.roles import Role
from loopline.campaigns.costs import CostEntry, add_cost
from loopline.collect.signals import Signal
from loopline.leads.reactor import refuse
from loopline.lib.times import utc_now
from loopline.people.models import Person, ReactorRefusal
from tests.make import make_campaign, make_unit, make_user, signed_in
from tests.make_leads import make_lead

pytestmark = pytest.mark.django_db

PAGES = ["organisation", "units", "users", "user_invite", "write_keys", "incoming", "audit_log", "design"]
UNIT = {"name": "Iberia", "currency": "EUR", "accept_within_hours": "8", "margin_percent": "60"}


def client_of(role: Role) -> Client:
    client = Client()
    client.force_login(make_user(role, unit=make_unit()))
    return client


@pytest.mark.parametrize("name", [*PAGES, "settings", "exchange_rates"])
def test_anonymous_people_sign_in_first(name: str) -> None:
    make_user()
    assert Client().get(reverse(name)).headers["Location"].startswith("/account/login/")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", [Role.MARKETING, Role.SALES, Role.SALES_MANAGER, Role.FINANCE])
def test_others_than_administrators_are_refused(name: str, role: Role) -> None:
    assert client_of(role).get(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_administrators_are_let_in(name: str) -> None:
    assert client_of(Role.ADMINISTRATOR).get(reverse(name)).status_code == 200


def test_finance_finds_the_rates_in_the_settings() -> None:
    client = client_of(Role.FINANCE)
    assert client.get(reverse("settings")).headers["Location"] == reverse("exchange_rates")
    client.post(reverse("exchange_rates"), {"currency": "USD", "on": "2026-03-01", "rate": "0.91"})
    rate = ExchangeRate.objects.get()
    assert client.post(reverse("exchange_rate_remove", args=[rate.pk])).status_code == 302
    assert not ExchangeRate.objects.exists()


def test_marketing_sees_the_rates_and_who_changes_them_but_changes_none() -> None:
    rate = ExchangeRate.objects.create(currency="USD", on="2026-03-01", rate="0.91")
    client = client_of(Role.MARKETING)
    page = client.get(reverse("exchange_rates")).content.decode()
    assert "0.91" in page
    assert "finance and administrators change them" in page
    assert "Set rate" not in page
    assert "Remove" not in page
    new = {"currency": "USD", "on": "2026-04-01", "rate": "0.1"}
    assert client.post(reverse("exchange_rates"), new).status_code == 403
    assert client.post(reverse("exchange_rate_remove", args=[rate.pk])).status_code == 403
    assert ExchangeRate.objects.get() == rate


def test_the_organisation_is_saved_and_what_is_wrong_is_said_beside_its_field() -> None:
    client = client_of(Role.ADMINISTRATOR)
    good = {"name": "Nordwind", "time_zone": "Europe/Oslo", "reporting_currency": "NOK", "own_hosts": "www.a.example\n"}
    assert client.post(reverse("organisation"), good).status_code == 302
    assert Organisation.current().own_hosts == ["www.a.example"]
    bad = client.post(reverse("organisation"), {**good, "own_hosts": "https://a.example/"})
    assert "is not a host" in bad.content.decode()


def test_the_reporting_currency_stays_once_there_are_amounts_in_the_books() -> None:
    client = client_of(Role.ADMINISTRATOR)
    today = utc_now().date()
    add_cost(make_campaign(make_unit()), CostEntry(100, "EUR", today, today), by=SYSTEM)
    said = {
        "name": "Nordwind",
        "time_zone": Organisation.current().time_zone,
        "reporting_currency": "NOK",
        "own_hosts": "",
    }
    answer = client.post(reverse("organisation"), said).content.decode()
    assert "amounts in EUR" in answer
    assert Organisation.current().reporting_currency == "EUR"
    assert client.post(reverse("organisation"), said | {"reporting_currency": "EUR"}).status_code == 302


def test_another_time_zone_moves_the_days_of_the_books_and_is_asked_about_once_there_are_leads() -> None:
    client = client_of(Role.ADMINISTRATOR)
    said = {"name": "Nordwind", "time_zone": "Europe/Oslo", "reporting_currency": "EUR", "own_hosts": ""}
    assert client.post(reverse("organisation"), said).status_code == 302
    assert "moves_days" not in client.get(reverse("organisation")).content.decode()
    make_lead(make_unit())
    page = client.get(reverse("organisation")).content.decode()
    assert "also in reports as of an earlier moment" in page
    assert client.post(reverse("organisation"), said | {"name": "Sørvind"}).status_code == 302
    elsewhere = said | {"time_zone": "America/Lima"}
    assert "Tick the box" in client.post(reverse("organisation"), elsewhere).content.decode()
    assert Organisation.current().time_zone == "Europe/Oslo"
    assert client.post(reverse("organisation"), elsewhere | {"moves_days": "on"}).status_code == 302
    entry = AuditEntry.objects.filter(verb="changed organisation").order_by("seq").last()
    assert entry is not None
    zones = [entry.detail[when]["time_zone"] for when in ("before", "after")]
    assert zones == ["Europe/Oslo", "America/Lima"]
    assert entry.detail["moved_days"]


def test_a_unit_is_created_and_changed() -> None:
    client = client_of(Role.ADMINISTRATOR)
    assert client.post(reverse("units"), UNIT).status_code == 302
    unit = BusinessUnit.objects.get(key="iberia")
    assert "already" in client.post(reverse("units"), UNIT).content.decode()
    client.post(reverse("unit", args=[unit.pk]), {**UNIT, "name": "Spain"})
    assert BusinessUnit.objects.get(key="iberia").name == "Spain"


def test_the_list_of_units_says_how_many_people_it_leaves_out() -> None:
    client, unit = client_of(Role.ADMINISTRATOR), make_unit()
    for _ in range(6):
        make_user(Role.SALES, unit=unit)
    assert "and 2 more" in client.get(reverse("units")).content.decode()


def test_an_invitation_shows_its_link_once_and_the_link_works() -> None:
    client = client_of(Role.ADMINISTRATOR)
    unit = make_unit()
    invitation = {"email": "tom@nordwind.test", "name": "Tom", "role": "sales", "units": [str(unit.pk)]}
    page = client.post(reverse("user_invite"), invitation).content.decode()
    token = page.split("/join/")[1].split("/")[0]
    assert Client().get(reverse("join", args=[token])).status_code == 200
    tom = User.objects.get(email="tom@nordwind.test")
    assert token not in client.get(reverse("user", args=[tom.pk])).content.decode()


def test_a_user_is_changed_shut_out_and_let_back_in() -> None:
    client = client_of(Role.ADMINISTRATOR)
    tom = make_user(Role.SALES, unit=make_unit(), name="Tom")
    client.post(reverse("user", args=[tom.pk]), {"name": "Tom B.", "role": "finance"})
    client.post(reverse("user_shut_out", args=[tom.pk]))
    tom.refresh_from_db()
    assert (tom.name, tom.role, tom.is_active) == ("Tom B.", "finance", False)
    client.post(reverse("user_let_in", args=[tom.pk]))
    assert User.objects.get(pk=tom.pk).is_active
    assert client.post(reverse("user_link", args=[tom.pk])).status_code == 200


@pytest.mark.parametrize("name", ["user_shut_out", "user_let_in", "user_link"])
def test_what_changes_a_user_is_refused_to_others_and_to_a_mere_look(name: str) -> None:
    address = reverse(name, args=[make_user().pk])
    assert client_of(Role.SALES_MANAGER).post(address).status_code == 403
    assert client_of(Role.ADMINISTRATOR).get(address).status_code == 405


def test_a_write_key_is_shown_whole_only_in_the_answer_to_its_making() -> None:
    client = client_of(Role.ADMINISTRATOR)
    unit = make_unit()
    page = client.post(
        reverse("write_keys"), {"name": "web site", "kind": "browser", "unit": str(unit.pk)}
    ).content.decode()
    plain = page.split('class="secret"')[1].split(">")[1].split("<")[0]
    assert plain.startswith("ll_browser_")
    again = client.get(reverse("write_keys")).content.decode()
    assert plain not in again
    revoke = re.search(r"/settings/keys/[^/\"]+/revoke/", again)
    assert revoke is not None
    assert client.post(revoke[0]).status_code == 302
    assert "revoked" in client.get(reverse("write_keys")).content.decode()


def test_the_audit_log_says_when_somebody_changed_it() -> None:
    client = client_of(Role.ADMINISTRATOR)
    client.post(reverse("units"), UNIT)
    assert "The chain is whole" in client.get(reverse("audit_log")).content.decode()
    AuditEntry.objects.update(actor_name="Nobody")
    assert "The chain is broken" in client.get(reverse("audit_log")).content.decode()


def test_the_audit_log_is_filtered_and_a_wrong_date_is_said() -> None:
    client = client_of(Role.ADMINISTRATOR)
    page = client.get(reverse("audit_log")).content.decode()
    assert "No entries yet" in page
    assert "All 0 entries" not in page
    client.post(reverse("units"), UNIT)
    assert "created business unit" in client.get(reverse("audit_log"), {"what": "unit"}).content.decode()
    assert "No entry fits" in client.get(reverse("audit_log"), {"who": "somebody else"}).content.decode()
    assert "Enter a valid date" in client.get(reverse("audit_log"), {"since": "soon"}).content.decode()


def refused_signal(unit_id: str) -> ReactorRefusal:
    """An identify call whose write key belongs to a business unit that is not there."""
    signal = Signal(
        seq=7, kind="identify", event_id="e7", unit_id=unit_id, source_id="k", source="server", visitor_id="",
        user_id="", previous_id="", group_id="", session_id="", email="ines@halden.no", name="",
        traits={"name": "<script>alert(1)</script>"}, properties={}, occurred_us=1_767_000_000_000_000, consent=3,
        bot_verdict="human",
    )  # fmt: skip
    refuse(signal, LookupError("its business unit is not there"))
    return ReactorRefusal.objects.get()


def test_a_signal_that_changed_no_record_is_shown_and_tried_again() -> None:
    unit = make_unit()
    refusal = refused_signal("0193e0a0-0000-7000-8000-000000000000")
    client = client_of(Role.ADMINISTRATOR)
    text = client.get(reverse("incoming")).content.decode()
    assert "its business unit is not there" in text
    assert "<script>alert" not in text
    again = client.post(reverse("incoming_retry"), {"id": str(refusal.pk)}, follow=True).content.decode()
    assert "could still not be acted on" in again
    refusal.refresh_from_db()
    refusal.signal |= {"unit_id": str(unit.pk)}
    refusal.save()
    solved = client.post(reverse("incoming_retry"), {"id": ["²", "9" * 40]}, follow=True).content.decode()
    assert "1 changed the records now" in solved
    assert "its business unit is not there" not in solved
    assert Person.objects.get().email == "ines@halden.no"
    assert AuditEntry.objects.filter(verb="retried refused signals").count() == 2


@pytest.mark.parametrize("role", [Role.MARKETING, Role.SALES, Role.SALES_MANAGER, Role.FINANCE])
def test_only_administrators_try_refused_signals_again(role: Role) -> None:
    refused_signal("x")
    assert client_of(role).post(reverse("incoming_retry")).status_code == 403
    assert Client().post(reverse("incoming_retry")).status_code == 302
    assert ReactorRefusal.objects.get().solved_at is None


def test_details_of_the_audit_log_are_readable_however_deep_and_harmless() -> None:
    boss, unit = make_user(Role.ADMINISTRATOR), make_unit()
    result = {
        "as_of": "2026-09-30T07:15:00+00:00", "subjects": {"treated": 3260, "holdout": 1318}, "is_clear": True,
        "outcomes": [{"outcome": "lead", "lift_low": None}, {"outcome": "<script>alert(1)</script>", "lift_low": 0.25}],
    }  # fmt: skip
    with transaction.atomic():
        audit(boss.actor, "conclude_experiment", unit, result=result, crossed=[], roster=["ann", "bo"])
    page = signed_in(boss).get(reverse("audit_log")).content.decode()
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<dl")[2].partition("</dl>")[0]))
    assert "Result as of Wed 30 Sep 2026" in shown
    assert "subjects treated 3,260 holdout 1,318" in shown
    assert "is clear yes" in shown
    assert "outcome lead · lift low — outcome &lt;script&gt;alert(1)&lt;/script&gt; · lift low 0.25" in shown
    assert "Crossed — Roster ann, bo" in shown
    assert "{" not in shown
