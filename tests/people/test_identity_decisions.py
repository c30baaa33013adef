"""Hubs, blocked values and suggestions: what links no more, how it is shown, and what people decide about it."""

import pytest
from django.test import Client

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import AuditEntry, BusinessUnit
from loopline.access.roles import Role
from loopline.people.actions import link_identity, link_phone, merge_people, person_of
from loopline.people.decisions import DecisionRefusedError, block_identity, hubs, lift_hub
from loopline.people.models import BlockedIdentity, NotTheSame, Person
from loopline.people.stitch import HUB_ABOVE, Answer, IdentityKind
from loopline.people.suggestions import suggestions_for
from tests.make import make_person, make_unit, make_user, signed_in_as

pytestmark = pytest.mark.django_db

KIOSK = "visitor:kiosk"


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit()


def make_hub(unit: BusinessUnit, people: int = HUB_ABOVE + 1) -> list[Person]:
    made = [make_person(f"p{number}@halden.example", unit=unit) for number in range(people)]
    for one in made:
        link_identity(KIOSK, one, "form", SYSTEM)
    return made


def test_what_five_people_came_with_is_shared_and_what_six_came_with_is_a_hub(unit: BusinessUnit) -> None:
    make_hub(unit, HUB_ABOVE)
    assert hubs() == []
    link_identity(KIOSK, make_person(unit=unit), "form", SYSTEM)
    assert [one.identity for one in hubs()] == [KIOSK]
    assert person_of(KIOSK) is None


def test_a_hub_that_starts_anew_links_by_what_is_said_from_then_on(unit: BusinessUnit) -> None:
    people = make_hub(unit)
    marketing = make_user(Role.MARKETING, unit=unit).actor
    lift_hub(KIOSK, by=marketing)
    assert hubs() == []
    assert person_of(KIOSK) is None
    assert link_identity(KIOSK, people[0], "form", SYSTEM) is Answer.LINK
    assert person_of(KIOSK) == people[0]
    assert AuditEntry.objects.get(verb="lift_hub").detail["identity"] == KIOSK
    with pytest.raises(DecisionRefusedError):
        lift_hub(KIOSK, by=marketing)


def test_a_hub_that_names_people_of_another_unit_is_not_lifted_from_here(unit: BusinessUnit) -> None:
    make_hub(unit)
    link_identity(KIOSK, make_person(unit=make_unit()), "form", SYSTEM)
    with pytest.raises(NotAllowedError):
        lift_hub(KIOSK, by=make_user(Role.MARKETING, unit=unit).actor)
    page = signed_in_as(Role.MARKETING, unit).get("/people/identities/").content.decode()
    assert "and 1 more" in page
    assert "start-anew" not in page


def test_hubs_are_shown_and_lifted_on_their_page(unit: BusinessUnit) -> None:
    people = make_hub(unit)
    client = signed_in_as(Role.MARKETING, unit)
    page = client.get("/people/identities/").content.decode()
    assert "kiosk" in page
    assert f"/people/{people[0].pk}/" in page
    assert client.post("/people/identities/start-anew/", {"identity": KIOSK}).status_code == 302
    assert "There is none now." in client.get("/people/identities/").content.decode()
    assert "no hub any more" in client.post(
        "/people/identities/start-anew/", {"identity": "nonsense"}, follow=True
    ).content.decode()  # fmt: skip


def test_people_of_another_unit_do_not_show_on_the_page(unit: BusinessUnit) -> None:
    make_hub(make_unit())
    assert "kiosk" not in signed_in_as(Role.MARKETING, unit).get("/people/identities/").content.decode()


@pytest.mark.parametrize("path", ["", "start-anew/", "block/", "1/unblock/"])
def test_the_page_is_for_those_who_may_merge(unit: BusinessUnit, path: str) -> None:
    address = f"/people/identities/{path}"
    ask = "post" if path else "get"
    assert getattr(Client(), ask)(address).status_code == 302
    assert getattr(signed_in_as(Role.SALES, unit), ask)(address).status_code == 403


def test_an_administrator_says_that_a_value_names_nobody_and_takes_it_back(unit: BusinessUnit) -> None:
    person = make_person("ines@halden.no", unit=unit)
    link_identity("user:demo", person, "identify", SYSTEM)
    client = signed_in_as(Role.ADMINISTRATOR, unit)
    client.post("/people/identities/block/", {"kind": "user", "value": " demo "})
    assert person_of("user:demo") is None
    assert link_identity("user:demo", person, "identify", SYSTEM) is Answer.REFUSED
    blocked = BlockedIdentity.objects.get()
    assert "user:demo" in client.get("/people/identities/").content.decode()
    client.post(f"/people/identities/{blocked.pk}/unblock/")
    assert person_of("user:demo") == person
    assert set(AuditEntry.objects.values_list("verb", flat=True)) >= {"block_identity", "unblock_identity"}


def test_nothing_is_joined_to_an_address_on_the_list(unit: BusinessUnit) -> None:
    person = make_person("demo@halden.no", unit=unit)
    administrator = make_user(Role.ADMINISTRATOR, unit=unit).actor
    block_identity(IdentityKind.EMAIL, "Demo@Halden.no", by=administrator)
    assert link_identity("visitor:v1", person, "form", SYSTEM) is Answer.REFUSED
    assert person_of("email:demo@halden.no") == person
    with pytest.raises(DecisionRefusedError, match="already"):
        block_identity(IdentityKind.EMAIL, "demo@halden.no", by=administrator)


@pytest.mark.parametrize("value", ["", " ", "x" * 400, "@"])
def test_a_value_that_is_none_is_refused_in_words(unit: BusinessUnit, value: str) -> None:
    client = signed_in_as(Role.ADMINISTRATOR, unit)
    for kind in ("user", "email", "nonsense"):
        client.post("/people/identities/block/", {"kind": kind, "value": value})
    assert BlockedIdentity.objects.filter(identity__startswith="email:").count() == 0
    assert client.get("/people/identities/").status_code == 200


def test_who_looks_alike_is_suggested_with_the_reasons_until_somebody_says_no(unit: BusinessUnit) -> None:
    first = make_person("ines@halden.example", unit=unit, name="Ines Okafor")
    second = make_person("okafor@halden.example", unit=unit, name="ines okafor")
    make_person("tom@halden.example", unit=unit, name="Tom Berg")
    for one in (first, second):
        link_phone(one, "912 34 567", "NO", "form", SYSTEM)
        link_identity("visitor:v1", one, "form", SYSTEM)
    [found] = suggestions_for(first, SYSTEM)
    assert found.other == second
    assert set(found.reasons) == {"both gave the same phone number", "both used one browser",
                                  "the same name at the same company"}  # fmt: skip
    client = signed_in_as(Role.MARKETING, unit)
    page = client.get(f"/people/{second.pk}/").content.decode()
    assert "Perhaps the same as" in page
    answer = client.post(f"/people/{second.pk}/not-the-same/", {"with": str(first.pk)})
    assert answer.status_code == 302
    assert suggestions_for(first, SYSTEM) == suggestions_for(second, SYSTEM) == []
    assert NotTheSame.objects.count() == 1
    assert AuditEntry.objects.filter(verb="say_not_the_same").count() == 1


def test_a_hub_suggests_nobody(unit: BusinessUnit) -> None:
    people = make_hub(unit)
    assert suggestions_for(people[0], SYSTEM) == []


def test_people_somebody_may_not_see_are_not_suggested(unit: BusinessUnit) -> None:
    here, elsewhere = make_person(unit=unit), make_person(unit=make_unit())
    for one in (here, elsewhere):
        link_identity("visitor:v1", one, "form", SYSTEM)
    marketing = signed_in_as(Role.MARKETING, unit)
    assert "Perhaps the same" not in marketing.get(f"/people/{here.pk}/").content.decode()
    assert marketing.post(f"/people/{here.pk}/not-the-same/", {"with": str(elsewhere.pk)}).status_code == 404
    assert marketing.post(f"/people/{here.pk}/not-the-same/", {"with": "nonsense"}).status_code == 404


def test_saying_not_the_same_is_for_those_who_may_merge(unit: BusinessUnit) -> None:
    here, other = make_person(unit=unit), make_person(unit=unit)
    address = f"/people/{here.pk}/not-the-same/"
    assert Client().post(address, {"with": str(other.pk)}).status_code == 302
    assert signed_in_as(Role.SALES, unit).post(address, {"with": str(other.pk)}).status_code == 403


def test_a_suggestion_goes_when_the_two_are_merged(unit: BusinessUnit) -> None:
    first, second = make_person(unit=unit), make_person(unit=unit)
    for one in (first, second):
        link_identity("visitor:v1", one, "form", SYSTEM)
    merge_people(first, second, by=SYSTEM)
    assert suggestions_for(first, SYSTEM) == []


def test_each_link_says_why_how_sure_and_by_which_rules(unit: BusinessUnit) -> None:
    person = make_person("ines@halden.example", unit=unit)
    link_identity("visitor:v1", person, "form", SYSTEM)
    link_identity("user:42", person, "identify", SYSTEM)
    for one in (person, make_person(unit=unit)):
        link_identity("visitor:v2", one, "form", SYSTEM)
    page = signed_in_as(Role.SALES, unit).get(f"/people/{person.pk}/").content.decode()
    assert "It came with this person, but it was used by more than one person" in page
    for words in (
        "A form with this person&#x27;s address was sent from it",
        "likely",
        "certain",
        "by version 2 of the rules",
    ):
        assert words in page
