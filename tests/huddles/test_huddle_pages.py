"""The pages of the huddle: who may see, speak, run; and the way from opening to minutes without JavaScript."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import User
from loopline.access.roles import Role
from loopline.huddles.actions import open_huddle
from loopline.huddles.decisions import NewDecision, add_decision
from loopline.huddles.live import MOST_A_USER
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
        reverse("huddle_turn", args=[huddle.pk]),
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


def test_the_live_line_is_for_those_who_see_the_huddle_and_not_for_ever_more_windows(client: Client) -> None:
    huddle, runner = open_one()
    address = reverse("huddle_live", args=[huddle.pk])
    assert client.get(address).status_code == 302
    assert signed_in(make_user(Role.FINANCE, unit=huddle.unit)).get(address).status_code == 403
    assert signed_in(make_user(Role.SALES, unit=make_unit())).get(address).status_code == 404
    browser = signed_in(runner)
    answers = [browser.get(address) for _ in range(MOST_A_USER + 1)]
    assert [answer.status_code for answer in answers] == [200] * MOST_A_USER + [429]
    assert answers[0].headers["Content-Type"] == "text/event-stream"
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert signed_in(make_user(Role.SALES, unit=huddle.unit)).get(address).status_code == 200


def test_everybody_turns_to_a_card_and_anybody_may_look_at_another() -> None:
    huddle, runner = open_one()
    browser, sales = signed_in(runner), signed_in(make_user(Role.SALES, unit=huddle.unit))
    turn = reverse("huddle_turn", args=[huddle.pk])
    assert sales.post(turn, {"card": "leads"}).status_code == 403
    assert "There is no such card" in browser.post(turn, {"card": "lunch"}, follow=True).content.decode()
    before = Huddle.objects.get().revision
    assert browser.post(turn, {"card": "leads"}).status_code == 302
    assert Huddle.objects.get().revision == before + 1
    assert "Sales says" in sales.get(reverse("huddle", args=[huddle.pk])).content.decode()
    other = sales.get(f"{reverse('huddle', args=[huddle.pk])}?card=loop").content.decode()
    assert "Loop gauge" in other
    assert "Follow" in other


def test_due_dates_go_into_a_calendar() -> None:
    huddle, runner = open_one()
    add_decision(huddle, NewDecision("Call", runner, date(2027, 1, 4)), by=runner.actor)
    address = reverse("huddle_due_dates", args=[huddle.pk])
    assert b"DUE;VALUE=DATE:20270104" in signed_in(runner).get(address).content
    assert signed_in(make_user(Role.SALES, unit=make_unit())).get(address).status_code == 404
