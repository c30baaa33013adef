"""The definition desk of a running huddle: the what-if is ready, frozen and live, and leads to an adopted version."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.audit import first_broken_entry
from loopline.access.models import User
from loopline.access.roles import Role
from loopline.facts.relay import Relay
from loopline.huddles import first_tries as first_tries_module
from loopline.huddles.actions import close_huddle, open_huddle
from loopline.huddles.changing import HuddleStateError
from loopline.huddles.decisions import NewDecision
from loopline.huddles.definition_desk import adopt_change, decide_change, sign_change, try_change
from loopline.huddles.first_tries import try_first
from loopline.huddles.models import Decision, Huddle
from loopline.leads.actions import disqualify_lead, qualify_lead, reject_lead
from loopline.leads.definition_actions import draft_definition
from loopline.leads.models import DefinitionVersion, Lead
from loopline.people.companies import CompanyDetails, edit_company
from loopline.store.duckdb_engine import DuckDBEngine
from tests.make import make_unit, make_user, signed_in
from tests.make_leads import make_definition, make_lead

pytestmark = pytest.mark.django_db
RULES = {"all": [{"field": "person.business_email"}, {"field": "company.employees", "at_least": 50}]}
CLAUSE = "works for a company of at least 50 people"
TIGHTER = "1:t0:100"


@pytest.fixture
def marketing(store: DuckDBEngine) -> User:
    """Somebody of marketing, whose unit handed three leads over: of 60, 70 and 200 people; two came back."""
    unit = make_unit()
    make_definition(unit, RULES)
    seller = make_user(Role.SALES, unit=unit, takes_leads=True)
    for employees in (60, 70, 200, 20):
        lead = make_lead(unit, email=f"ines@of{employees}.example", name=f"Ines {employees}", company_name="Of")
        assert lead.person.company is not None
        edit_company(lead.person.company, CompanyDetails(f"Of {employees}", employees=employees), by=SYSTEM)
        qualify_lead(lead, by=SYSTEM)
        if employees in (60, 70):
            clause = lead.evidence[1]["clause"]
            reject_lead(lead, Lead.Reason.BELOW_DEFINITION, detail={"clause": clause}, by=seller.actor)
        if employees == 70:
            disqualify_lead(lead, Lead.Reason.NO_NEED, by=SYSTEM)  # what sales said of it counts all the same
    Relay(store).relay_all()
    return make_user(Role.MARKETING, unit=unit, name="Mara")


def opened(marketing: User) -> Huddle:
    """A huddle whose first tries are done."""
    huddle = open_huddle(marketing.units.get(), by=marketing.actor)
    try_first()
    huddle.refresh_from_db()
    return huddle


def desk(client: Client, huddle: Huddle) -> str:
    return client.get(reverse("huddle", args=[huddle.pk]), {"card": "definition"}).content.decode()


def test_nobody_waits_for_the_first_answer_and_it_comes_by_itself(
    marketing: User, store: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(marketing)
    huddle = open_huddle(marketing.units.get(), by=marketing.actor)
    assert "is being tried on the past half year" in desk(client, huddle)
    before, questions = huddle.revision, []
    query = store.query

    def counted(sql: str, *args: Any, **more: Any) -> Any:
        questions.append(sql)
        return query(sql, *args, **more)

    monkeypatch.setattr(store, "query", counted)
    assert (try_first(), try_first()) == (1, 0)
    assert sum("judged_at" in one for one in questions) == 1, "everything on offer is gathered in one question"
    huddle.refresh_from_db()
    assert huddle.revision > before, "every screen hears of it"
    assert "is being tried" not in desk(client, huddle)
    questions.clear()
    for change in ("1:t0:20", "0:"):
        try_change(huddle, change, by=marketing.actor)
    assert not any("judged_at" in one for one in questions), "what is tried later gathers nothing either"


def test_what_somebody_tried_meanwhile_stays_in_sight(marketing: User) -> None:
    huddle = open_huddle(marketing.units.get(), by=marketing.actor)
    waiting = Huddle.objects.get(pk=huddle.pk)
    try_change(huddle, "1:t0:30", by=marketing.actor)
    assert not first_tries_module._show(waiting, {TIGHTER: {"words": "…"}})
    assert try_first() == 0
    huddle.refresh_from_db()
    assert huddle.tried["now"] == "1:t0:30"


def test_from_the_huddle_the_page_of_a_what_if_opens_as_of_its_frozen_moment(
    marketing: User, store: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = marketing.units.get()
    draft = draft_definition(unit, {"all": [{"field": "person.country", "is": ["NO"]}]}, by=SYSTEM)
    huddle = opened(marketing)
    make_lead(unit)
    Relay(store).relay_all()
    client = signed_in(marketing)
    [address] = re.findall(rf'href="({reverse("definition_what_if", args=[draft.pk])}[^"]*)"', desk(client, huddle))
    page = client.get(html.unescape(address)).content.decode()
    assert "4 leads, 0 with a mature outcome" in page, "not the one that came later"
    assert 'as_of=now">now</a>' in page
    assert "5 leads, 0 with a mature outcome" in client.get(html.unescape(address), {"as_of": "now"}).content.decode()


def test_the_answer_for_the_clause_that_causes_most_rejections_is_ready_when_it_opens(marketing: User) -> None:
    huddle = opened(marketing)
    assert huddle.tried["now"] == TIGHTER, "sales sent two back for it, so more is asked"
    page = desk(signed_in(marketing), huddle)
    assert "sent back for it: 2 · kept below by it: 1" in page
    assert "at least 100 people" in page
    assert "2 that pass today would be refused, no won deal among them" in page
    assert "<b>Careful.</b>" in page
    cells = {one["key"]: one["n"] for one in huddle.tried["answers"][TIGHTER]["cells"]}
    assert cells == {"both": 1, "only_old": 2, "only_new": 0, "neither": 1}


def test_what_somebody_tries_shows_on_all_screens_and_stays_frozen(marketing: User, store: DuckDBEngine) -> None:
    huddle = opened(marketing)
    client, before = signed_in(marketing), huddle.revision
    client.post(reverse("huddle_try", args=[huddle.pk]), {"change": "1:t0", "number": "30"})
    huddle.refresh_from_db()
    assert huddle.revision > before, "every screen hears of it"
    seller = signed_in(make_user(Role.SALES, unit=huddle.unit))
    assert "at least 30 people" in desk(seller, huddle)
    answer = huddle.tried["answers"]["1:t0:30"]
    Relay(store).relay_all()
    make_lead(huddle.unit)
    Relay(store).relay_all()
    huddle.tried = {}
    huddle.save()
    try_change(huddle, "1:t0:30", by=marketing.actor)
    assert huddle.tried["answers"]["1:t0:30"] == answer, "the past before the huddle, as it was known then"


def test_a_change_goes_from_the_desk_into_force(marketing: User) -> None:
    huddle = opened(marketing)
    manager = make_user(Role.SALES_MANAGER, unit=huddle.unit, name="Henrik")
    client, sales = signed_in(marketing), signed_in(manager)
    said = {"change": TIGHTER, "text": "Ask for 100 people", "owner": str(marketing.pk), "outcome": "accepted"}
    page = client.post(reverse("huddle_propose", args=[huddle.pk]), said, follow=True).content.decode()
    assert "Sign for marketing" in page
    assert "Sign for sales" not in page
    decision = Decision.objects.get()
    assert decision.definition is not None
    assert (decision.definition.status, decision.outcome) == ("proposed", "accepted")
    client.post(reverse("decision_sign_marketing", args=[decision.pk]))
    page = sales.post(reverse("decision_sign_sales", args=[decision.pk]), follow=True).content.decode()
    assert "Put in force now" in page
    sales.post(reverse("decision_adopt", args=[decision.pk]))
    decision.refresh_from_db()
    version = DefinitionVersion.objects.get(unit=huddle.unit, status="in_force")
    assert version == decision.definition
    assert version.review_on is not None
    assert decision.is_approved
    assert decision.is_done
    close_huddle(huddle, carry_over=True, by=marketing.actor)
    assert "Ask for 100 people" in huddle.minutes
    assert "Tried on the definition\n-----------------------\n* works for a company with at least 100" in huddle.minutes
    decision.refresh_from_db()
    assert decision.task is None, "what was done in the huddle itself leaves no task"
    assert first_broken_entry() is None


def test_nobody_signs_for_both_sides_and_nothing_is_proposed_twice(marketing: User) -> None:
    huddle = opened(marketing)
    both = make_user(Role.ADMINISTRATOR, unit=huddle.unit, name="Ada")
    decision = decide_change(huddle, TIGHTER, NewDecision("Ask for 100", both), by=both.actor)
    with pytest.raises(HuddleStateError, match="proposed already"):
        decide_change(huddle, TIGHTER, NewDecision("Ask for 100", both), by=both.actor)
    sign_change(decision, "marketing", by=both.actor)
    with pytest.raises(NotAllowedError):
        sign_change(decision, "sales", by=both.actor)
    with pytest.raises(ValueError, match="cannot be put in force"):
        adopt_change(decision, by=both.actor)
    assert DefinitionVersion.objects.get(unit=huddle.unit, status="in_force").number == 1


def test_the_trio_of_each_address(marketing: User, client: Client) -> None:
    huddle = opened(marketing)
    decision = decide_change(huddle, TIGHTER, NewDecision("Ask for 100", marketing), by=marketing.actor)
    stranger = signed_in(make_user(Role.SALES_MANAGER, unit=make_unit()))
    finance, seller = (signed_in(make_user(role, unit=huddle.unit)) for role in (Role.FINANCE, Role.SALES))
    addresses = [reverse(name, args=[huddle.pk]) for name in ("huddle_try", "huddle_propose")]
    addresses += [
        reverse(name, args=[decision.pk])
        for name in ("decision_sign_marketing", "decision_sign_sales", "decision_adopt")
    ]
    for address in addresses:
        assert client.post(address).status_code == 302
        assert finance.post(address).status_code == 403
        assert seller.post(address).status_code == 403
        assert stranger.post(address).status_code == 404
        assert signed_in(make_user(Role.ADMINISTRATOR)).get(address).status_code == 405
    decision.refresh_from_db()
    assert not decision.marketing_approval


def test_what_cannot_be_tried_says_so_and_a_closed_huddle_stays_as_it_is(marketing: User) -> None:
    huddle = opened(marketing)
    client = signed_in(marketing)
    for change in ("", "7:", "1:t0:50", "<b>"):
        page = client.post(reverse("huddle_try", args=[huddle.pk]), {"change": change}, follow=True).content.decode()
        assert "Reload the page" in page or "Choose another one" in page
    close_huddle(huddle, carry_over=True, by=marketing.actor)
    with pytest.raises(HuddleStateError, match="closed"):
        try_change(huddle, TIGHTER, by=marketing.actor)


def test_the_sixth_change_on_one_past_is_warned_of(marketing: User) -> None:
    huddle = opened(marketing)
    [answer] = huddle.tried["answers"].values()
    answers = []
    for tried, number in ((5, 101), (6, 102)):
        huddle.tried["answers"] = {f"1:t0:{200 + one}": answer for one in range(tried)}
        huddle.save()
        try_change(huddle, f"1:t0:{number}", by=marketing.actor)
        answers.append(huddle.tried["answers"][f"1:t0:{number}"])
    warned = "It was changed 6 times against the same past"
    assert [any(warned in one for one in answer["warnings"]) for answer in answers] == [False, True]


def test_without_the_event_store_the_huddle_opens_and_the_desk_says_so() -> None:
    unit = make_unit()
    make_definition(unit, RULES)
    marketing = make_user(Role.MARKETING, unit=unit)
    lead = make_lead(unit)
    qualify_lead(lead, by=SYSTEM)
    huddle = opened(marketing)
    client = signed_in(marketing)
    assert huddle.tried == {}
    page = client.post(reverse("huddle_try", args=[huddle.pk]), {"change": TIGHTER}, follow=True).content.decode()
    assert "The event store did not answer, so nothing was tried" in page
