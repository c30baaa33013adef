"""The pages of the huddle: who may see, speak, run; and the way from opening to minutes without JavaScript."""

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import User
from loopline.access.roles import Role
from loopline.huddles.actions import open_huddle
from loopline.huddles.decisions import NewDecision, add_decision
from loopline.huddles.models import Decision, Huddle
from tests.make import make_unit, make_user, signed_in
from tests.make_leads import make_handed_over_lead

pytestmark = pytest.mark.django_db


def open_one() -> tuple[Huddle, User]:
    lead, _ = make_handed_over_lead(name="Ines <b>Okafor</b>")
    runner = make_user(Role.SALES_MANAGER, unit=lead.unit)
    return open_huddle(lead.unit, by=runner.actor), runner


def test_anonymous_people_sign_in_and_finance_is_told_who_may(client: Client) -> None:
    huddle, _ = open_one()
    finance = signed_in(make_user(Role.FINANCE, unit=huddle.unit))
    for address in (reverse("huddles"), reverse("huddle", args=[huddle.pk])):
        assert client.get(address).status_code == 302
        assert finance.get(address).status_code == 403


def test_another_unit_finds_no_such_huddle_and_changes_nothing() -> None:
    huddle, runner = open_one()
    decision = add_decision(huddle, NewDecision("Call", runner), by=runner.actor)
    stranger = signed_in(make_user(Role.SALES_MANAGER, unit=make_unit()))
    assert stranger.get(reverse("huddle", args=[huddle.pk])).status_code == 404
    for address in (
        reverse("huddle_open", args=[huddle.unit_id]),
        reverse("huddle_lead", args=[huddle.pk, 1]),
        reverse("huddle_decide", args=[huddle.pk]),
        reverse("huddle_close", args=[huddle.pk]),
        reverse("decision_done", args=[decision.pk]),
    ):
        assert stranger.post(address, {"disposition": "good"}).status_code == 404
    huddle.refresh_from_db()
    assert huddle.is_open


def test_a_salesperson_may_speak_but_not_open_decide_or_close() -> None:
    huddle, _ = open_one()
    sales = signed_in(make_user(Role.SALES, unit=huddle.unit))
    for name in ("huddle_decide", "huddle_close"):
        assert sales.post(reverse(name, args=[huddle.pk])).status_code == 403
    assert sales.post(reverse("huddle_open", args=[huddle.unit_id])).status_code == 403
    said = {"disposition": "no_contact", "sales_note": "tried twice"}
    assert sales.post(reverse("huddle_lead", args=[huddle.pk, 1]), said).status_code == 302
    assert huddle.leads.get().sales_note == "tried twice"


def test_a_huddle_goes_from_opening_to_minutes() -> None:
    lead, _ = make_handed_over_lead(name="Ines <b>Okafor</b>")
    runner = make_user(Role.MARKETING, unit=lead.unit, name="Mara")
    client = signed_in(runner)
    before = client.get(reverse("huddles")).content.decode()
    assert "Ines &lt;b&gt;Okafor" in before
    page = client.post(reverse("huddle_open", args=[lead.unit_id]), follow=True).content.decode()
    assert "0 of 1 leads talked about" in page
    huddle = Huddle.objects.get()
    wrong = client.post(reverse("huddle_lead", args=[huddle.pk, 1]), {"disposition": "great"}, follow=True)
    assert "Nothing was changed" in wrong.content.decode()
    left = client.post(reverse("huddle_close", args=[huddle.pk]), follow=True).content.decode()
    assert "1 lead has no answer yet" in left
    client.post(reverse("huddle_lead", args=[huddle.pk, 1]), {"disposition": "good", "marketing_note": "more of these"})
    assert client.post(reverse("huddle_decide", args=[huddle.pk]), {"text": ""}).status_code == 422
    decision = {"text": "Double the budget", "owner": str(runner.pk), "due_on": "2027-01-04"}
    assert client.post(reverse("huddle_decide", args=[huddle.pk]), decision).status_code == 302
    minutes = client.post(reverse("huddle_close", args=[huddle.pk]), follow=True).content.decode()
    assert "Minutes of" in minutes
    assert "more of these" in minutes
    assert "Double the budget" in minutes
    assert client.post(reverse("decision_done", args=[Decision.objects.get().pk])).status_code == 302
    assert Decision.objects.get().is_done
    assert "Double the budget" in client.get(reverse("huddles")).content.decode()


def test_a_second_huddle_at_the_same_time_is_refused_with_words() -> None:
    huddle, runner = open_one()
    answer = signed_in(runner).post(reverse("huddle_open", args=[huddle.unit_id]), follow=True)
    assert "is open since" in answer.content.decode()


def test_a_user_without_units_sees_an_empty_page() -> None:
    assert signed_in(make_user(Role.MARKETING)).get(reverse("huddles")).status_code == 200
