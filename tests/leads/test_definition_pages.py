"""The pages of the lead definition: who may see, write, sign; and what a draft takes."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.models import User
from loopline.access.roles import Role
from loopline.leads.definition_actions import draft_definition, propose_definition, sign_definition
from loopline.leads.models import DefinitionVersion
from tests.make import make_unit, make_user, signed_in
from tests.make_leads import BUSINESS_EMAIL, make_definition

pytestmark = pytest.mark.django_db

WRITES = [
    "definition_clause_add", "definition_rules", "definition_propose", "definition_sign_marketing",
    "definition_sign_sales", "definition_put_in_force", "definition_withdraw", "definition_example_add",
    "definition_restore",
]  # fmt: skip


def draft() -> tuple[DefinitionVersion, User]:
    unit = make_unit()
    marketing = make_user(Role.MARKETING, unit=unit)
    return draft_definition(unit, BUSINESS_EMAIL, by=marketing.actor), marketing


@pytest.mark.parametrize("name", WRITES)
def test_the_trio_for_every_change(name: str, client: Client) -> None:
    version, _ = draft()
    address = reverse(name, args=[version.pk])
    assert client.post(address).status_code == 302, "anonymous people sign in"
    assert signed_in(make_user(Role.SALES, unit=version.unit)).post(address).status_code == 403
    assert signed_in(make_user(Role.ADMINISTRATOR)).get(address).status_code == 405
    for role in (Role.SALES_MANAGER, Role.MARKETING):
        stranger = signed_in(make_user(role, unit=make_unit()))
        assert stranger.post(address).status_code in {403, 404}
    version.refresh_from_db()
    assert version.status == "draft"


def test_the_page_without_a_definition_says_what_to_do(client: Client) -> None:
    unit = make_unit()
    assert client.get(reverse("definition")).status_code == 302
    assert signed_in(make_user(Role.FINANCE)).get(reverse("definition")).status_code == 403
    marketing = signed_in(make_user(Role.MARKETING, unit=unit))
    assert "No definition is in force" in marketing.get(reverse("definition")).content.decode()
    answer = marketing.post(reverse("definition_draft", args=[unit.pk]), {"because": "The first one."}, follow=True)
    assert "A lead is a person who has a business e-mail address" in answer.content.decode()
    elsewhere = reverse("definition_draft", args=[make_unit().pk])
    assert marketing.post(elsewhere, {"because": "x"}).status_code == 404


def test_conditions_are_added_beside_or_as_an_alternative_and_taken_away() -> None:
    version, marketing = draft()
    client, add = signed_in(marketing), reverse("definition_clause_add", args=[version.pk])
    client.post(add, {"part": "company", "asked": "company.employees:at_least", "number": "50"})
    client.post(add, {"part": "need", "asked": "count", "page": "/pricing", "number": "2", "days": "30"})
    client.post(add, {"part": "need", "asked": "form", "words": "demo, contact", "days": "90", "joined": "instead"})
    client.post(add, {"part": "never", "asked": "own:is", "field": "person.custom.is_rival", "words": "true"})
    version.refresh_from_db()
    pricing = {"count": {"kind": "page", "path": "/pricing"}, "at_least": 2, "within_days": 30}
    form = {"form": ["demo", "contact"], "within_days": 90}
    assert version.rules == {
        "evidence": {"company": {"field": "company.employees", "at_least": 50}, "need": {"any": [pricing, form]}},
        "also": {"all": [{"field": "person.business_email"}]},
        "never": [{"field": "person.custom.is_rival", "is": ["true"]}],
    }
    page = client.get(reverse("definition_version", args=[version.pk])).content.decode()
    assert all(label in page for label in ("Which company", "What they need", "And besides", "Never"))
    client.post(reverse("definition_clause_remove", args=[version.pk, 1]), {"condition": "0"})
    client.post(reverse("definition_clause_remove", args=[version.pk, 0]))
    client.post(reverse("definition_clause_remove", args=[version.pk, 2]))
    version.refresh_from_db()
    assert version.rules == {"evidence": {"need": form}, "also": {"field": "person.business_email"}}
    client.post(reverse("definition_clause_remove", args=[version.pk, 1]))
    answer = client.post(reverse("definition_clause_remove", args=[version.pk, 0]), follow=True)
    assert "asks for at least one thing" in answer.content.decode()
    assert client.post(reverse("definition_clause_remove", args=[version.pk, 7])).status_code == 302


def test_an_example_is_described_tried_on_the_page_and_stops_a_proposal_that_judges_it_wrongly() -> None:
    version, marketing = draft()
    client, add = signed_in(marketing), reverse("definition_example_add", args=[version.pk])
    said = {"name": "Free address", "passes": "yes", "email": "free", "pages": "/pricing, /pricing", "employees": "12"}
    page = client.post(add, said, follow=True).content.decode()
    assert "1 of 1 judged wrongly" in page
    assert "has no business e-mail address" in page
    refused = client.post(reverse("definition_propose", args=[version.pk]), follow=True).content.decode()
    assert "its examples are judged wrongly: “Free address” must pass" in refused
    assert client.post(add, {"passes": "yes"}).status_code == 422
    client.post(reverse("definition_example_remove", args=[version.pk, 0]))
    version.refresh_from_db()
    assert (version.examples, version.status) == ([], "draft")


def test_a_start_in_the_future_and_the_way_back() -> None:
    unit = make_unit()
    old = make_definition(unit)
    version = draft_definition(unit, BUSINESS_EMAIL, by=SYSTEM)
    propose_definition(version, by=SYSTEM)
    sign_definition(version, "marketing", by=SYSTEM)
    sign_definition(version, "sales", by=SYSTEM)
    client = signed_in(make_user(Role.SALES_MANAGER, unit=unit))
    force = reverse("definition_put_in_force", args=[version.pk])
    assert client.post(force, {"starts_at": "soon"}).status_code == 422
    page = client.post(force, {"starts_at": "2999-01-01T08:00"}, follow=True).content.decode()
    assert "Comes into force by itself on 1 Jan 2999" in page
    client.post(force, {"review_on": "2026-01-31"})
    version.refresh_from_db()
    assert version.status == "in_force"
    assert "Did it work?" in client.get(reverse("definition")).content.decode()
    page = client.get(reverse("definition_version", args=[old.pk])).content.decode()
    assert "Put back in force" in page
    client.post(reverse("definition_restore", args=[old.pk]))
    old.refresh_from_db()
    assert old.status == "in_force"


@pytest.mark.parametrize(
    "asked", ["consent", "form", "engaged", "campaign", "score", "own:is", "person.country:is", "x"]
)
def test_a_condition_that_lacks_something_is_refused_beside_the_form(asked: str) -> None:
    version, marketing = draft()
    answer = signed_in(marketing).post(
        reverse("definition_clause_add", args=[version.pk]), {"part": "who", "asked": asked}
    )
    assert answer.status_code == 422
    version.refresh_from_db()
    assert version.rules == BUSINESS_EMAIL


def test_rules_may_be_written_as_text_or_json_and_hostile_ones_are_refused_with_the_reason() -> None:
    version, marketing = draft()
    client, address = signed_in(marketing), reverse("definition_rules", args=[version.pk])
    answer = client.post(address, {"rules": '{"field": "person.email; DROP TABLE"}'})
    assert answer.status_code == 422
    assert "There is no field" in answer.content.decode()
    assert client.post(address, {"rules": "{"}).status_code == 422
    rules = {"at_least": 1, "of": [{"field": "person.email"}]}
    assert client.post(address, {"rules": json.dumps(rules)}).status_code == 302
    version.refresh_from_db()
    assert version.rules == rules
    text = "who\n  person.email\nscore fit of 50 points\n  20 when\n    company.known\n"
    assert client.post(address, {"rules": text}).status_code == 302
    page = client.get(reverse("definition_version", args=[version.pk])).content.decode()
    assert "+20 works for a known company" in page
    assert client.post(address, {"rules": "who\nperson.email"}).status_code == 422


def test_both_sides_sign_and_the_new_version_is_in_force() -> None:
    unit = make_unit()
    old = make_definition(unit)
    marketing, manager = make_user(Role.MARKETING, unit=unit), make_user(Role.SALES_MANAGER, unit=unit)
    version = draft_definition(unit, BUSINESS_EMAIL, by=marketing.actor)
    signed_in(marketing).post(reverse("definition_propose", args=[version.pk]))
    early = signed_in(marketing).post(reverse("definition_put_in_force", args=[version.pk]), follow=True)
    assert "v2 is proposed and cannot be put in force" in early.content.decode()
    assert (
        signed_in(marketing).post(reverse("definition_sign_sales", args=[version.pk]), follow=True).status_code == 200
    )
    version.refresh_from_db()
    assert version.sales_signature == "", "marketing cannot sign for sales"
    signed_in(marketing).post(reverse("definition_sign_marketing", args=[version.pk]))
    signed_in(manager).post(reverse("definition_sign_sales", args=[version.pk]))
    signed_in(manager).post(reverse("definition_put_in_force", args=[version.pk]))
    version.refresh_from_db()
    old.refresh_from_db()
    assert (version.status, old.status) == ("in_force", "superseded")
    page = signed_in(manager).get(reverse("definition")).content.decode()
    assert "v2, in force since" in page
