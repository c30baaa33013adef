"""Disputes, evidence and pauses from the pages: the trio for each, and what the codes ask for."""

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import User
from loopline.access.roles import Role
from loopline.leads.actions import reject_lead
from loopline.leads.disputes import ask_for_evidence, open_dispute
from loopline.leads.models import Lead
from tests.make import make_unit, make_user, signed_in, signed_in_as
from tests.make_leads import make_handed_over_lead

pytestmark = pytest.mark.django_db

SAID = {"said": "they called us"}


def owned() -> tuple[Lead, User]:
    return make_handed_over_lead()


def sent_back() -> Lead:
    lead, owner = owned()
    reject_lead(lead, "no_need", by=owner.actor)
    return lead


def disputed() -> Lead:
    lead = sent_back()
    open_dispute(lead, "they called us", by=make_user(Role.MARKETING, unit=lead.unit).actor)
    return lead


def asked() -> Lead:
    lead, owner = owned()
    ask_for_evidence(lead, "which product?", by=owner.actor)
    return lead


def handed() -> Lead:
    return owned()[0]


STEPS = {
    "lead_dispute": (sent_back, SAID, Role.MARKETING, Role.SALES),
    "lead_settle": (disputed, {"resolution": "overturned"}, Role.SALES_MANAGER, Role.MARKETING),
    "lead_miss": (handed, SAID, Role.SALES_MANAGER, Role.MARKETING),
    "lead_complete": (asked, SAID, Role.MARKETING, Role.FINANCE),
    "lead_pause": (handed, SAID, Role.SALES_MANAGER, Role.FINANCE),
}


@pytest.mark.parametrize("name", STEPS)
def test_the_trio(name: str) -> None:
    make, said, allowed, wrong = STEPS[name]
    lead = make()
    address = reverse(name, args=[lead.pk])
    before = lead.transitions.count()
    assert Client().post(address, said).status_code == 302
    assert signed_in_as(wrong, lead.unit).post(address, said).status_code == 403
    assert signed_in_as(allowed, make_unit()).post(address, said).status_code == 404
    client = signed_in_as(allowed, lead.unit)
    assert client.get(address).status_code == 200
    assert client.post(address, {}).status_code == 422
    assert lead.transitions.count() == before, "nothing was changed so far"
    assert client.post(address, said).status_code == 302
    assert lead.transitions.count() > before


def test_the_page_of_a_lead_says_who_owes_what_and_why_this_owner() -> None:
    lead = disputed()
    page = signed_in_as(Role.SALES_MANAGER, lead.unit).get(reverse("lead", args=[lead.pk])).content.decode()
    for said in ("Who owes what", "settle the dispute", "paused", "Why this owner", "Who was considered",
                 "Disputed by", "Settle the dispute…"):  # fmt: skip
        assert said in page


def test_a_lead_that_came_back_is_called_sent_back_and_owes_no_answer_any_more() -> None:
    lead = disputed()
    page = signed_in_as(Role.MARKETING, lead.unit).get(reverse("lead", args=[lead.pk])).content.decode()
    for said in ("Sent back: no need", "was due", "“Disputed: they called us”"):
        assert said in page, said
    for untrue in ("Rejected", "Answer due", "note on the lead"):
        assert untrue not in page, untrue


def test_a_paused_clock_goes_on_from_the_page() -> None:
    lead, owner = owned()
    client = signed_in(owner)
    client.post(reverse("lead_pause", args=[lead.pk]), SAID)
    assert "paused" in client.get(reverse("leads")).content.decode()
    assert "paused, was due" in client.get(reverse("lead", args=[lead.pk])).content.decode()
    assert client.get(reverse("lead_resume", args=[lead.pk])).status_code == 405
    client.post(reverse("lead_resume", args=[lead.pk]))
    lead.refresh_from_db()
    assert not lead.is_paused


@pytest.mark.parametrize(
    ("said", "asked_for"),
    [
        ({"reason": "unreachable"}, "After how many attempts?"),
        ({"reason": "bad_data"}, "What is wrong?"),
        ({"reason": "duplicate"}, "Of whom?"),
        ({"reason": "below_definition"}, "Which clause"),
        ({"reason": "not_a_buyer"}, "Who is it?"),
        ({"reason": "bad_data", "field": "shoes"}, "not one of the available choices"),
        ({"reason": "timing"}, "Give a date"),
    ],
)
def test_a_code_without_what_it_needs_comes_back_with_the_question(said: dict[str, str], asked_for: str) -> None:
    lead, owner = owned()
    answer = signed_in(owner).post(reverse("lead_send_back", args=[lead.pk]), said)
    assert answer.status_code == 422
    errors = answer.content.decode().split("field-error", 1)[1]
    assert asked_for in errors
    lead.refresh_from_db()
    assert lead.state == "handed_over"


def test_recycling_needs_a_date_or_what_brings_it_back() -> None:
    lead = sent_back()
    marketing, address = signed_in_as(Role.MARKETING, lead.unit), reverse("lead_recycle", args=[lead.pk])
    assert marketing.post(address, {"reason": "no_need"}).status_code == 422
    assert marketing.post(address, {"reason": "no_need", "returns_when": "prices"}).status_code == 302
    lead.refresh_from_db()
    assert (lead.state, lead.returns_when) == ("recycled", "prices")
