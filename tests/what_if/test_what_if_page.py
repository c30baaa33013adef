"""The page of a what-if: who may see it, what it says, and the same bytes for the same question."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from loopline.access.actor import SYSTEM
from loopline.access.roles import Role
from loopline.facts.relay import Relay
from loopline.leads.actions import qualify_lead
from loopline.leads.definition_actions import draft_definition
from loopline.leads.models import DefinitionVersion
from loopline.reports import recent
from loopline.store.duckdb_engine import DuckDBEngine
from tests.make import make_unit, make_user, signed_in
from tests.make_leads import make_definition, make_lead

pytestmark = pytest.mark.django_db
KNOWN_COMPANY = {"all": [{"field": "person.business_email"}, {"field": "company.known"}]}


def drafted() -> DefinitionVersion:
    unit = make_unit()
    make_definition(unit)
    make_user(Role.SALES, unit=unit, takes_leads=True)
    for email in ("a@halden.example", "b@brew.example"):
        qualify_lead(make_lead(unit, email=email), by=SYSTEM)
    return draft_definition(unit, {"all": [{"field": "person.country", "is": ["NO"]}]}, by=SYSTEM)


def test_the_trio(client: Client, store: DuckDBEngine) -> None:
    version = drafted()
    address = reverse("definition_what_if", args=[version.pk])
    assert client.get(address).status_code == 302
    assert signed_in(make_user(Role.FINANCE)).get(address).status_code == 403
    assert signed_in(make_user(Role.SALES_MANAGER, unit=make_unit())).get(address).status_code == 404
    assert signed_in(make_user(Role.SALES_MANAGER, unit=version.unit)).get(address).status_code == 200


def test_it_says_in_words_what_would_change_and_that_nothing_is_mature(store: DuckDBEngine) -> None:
    version = drafted()
    Relay(store).relay_all()
    client = signed_in(make_user(Role.SALES_MANAGER, unit=version.unit))
    address = reverse("definition_what_if", args=[version.pk])
    page = client.get(address).content.decode()
    assert "0 leads in 26 weeks instead of 2; " in page
    assert "no deal was won in this period" in page
    assert "Per salesperson (1 person)" in page
    assert page.count("too young for one") == 1
    assert "2 that pass today would be refused, no won deal among them" in page
    assert "No lead of this period has a mature outcome" in page
    assert "Would be refused" in page
    assert "Part of capacity" in page
    assert "Country not known" in page
    assert re.search(
        r"Who is hit, by size.*not known <span class=.second.><a href=./leads/[^>]*>[^<]+</a>, <a", page, re.S
    )
    assert "Load of each person" in page
    by_channel = client.get(address, {"by": "channel"}).content.decode()
    assert "Who is hit, by channel</h2>" in by_channel
    assert "Who is hit, by channel</h2>" not in client.get(address, {"by": "<b>"}).content.decode()
    assert f'value="{timezone.localdate().isoformat()}"' in page, "the period is filled in"
    assert client.get(address, {"first": "x", "last": "y"}).status_code == 422
    backwards = client.get(address, {"first": "2026-02-02", "last": "2026-01-01"})
    assert (backwards.status_code, "ends before it begins" in backwards.content.decode()) == (503, True)


def test_the_same_address_gives_the_same_bytes_after_more_was_learned(store: DuckDBEngine) -> None:
    version = drafted()
    Relay(store).relay_all()
    client = signed_in(make_user(Role.MARKETING, unit=version.unit))
    address = reverse("definition_what_if", args=[version.pk])
    asked = {"format": "json", "as_of": store.horizon().isoformat(), "first": "2026-01-01", "last": "2099-01-01"}
    before = client.get(address, asked).content
    make_lead(version.unit)
    Relay(store).relay_all()
    assert client.get(address, asked).content == before
    assert b'"n": 2' in before


def test_where_gathering_takes_long_its_moment_stays_for_some_minutes(
    store: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = drafted()
    Relay(store).relay_all()
    client = signed_in(make_user(Role.MARKETING, unit=version.unit))
    address = reverse("definition_what_if", args=[version.pk])

    def leads(**asked: str) -> tuple[int, bool]:
        page = client.get(address, asked).content.decode()
        [count] = re.findall(r"([0-9]+) leads, ", page)
        return int(count), 'as_of=now">now</a>' in page

    assert leads() == (2, False), "as of now"
    make_lead(version.unit)
    Relay(store).relay_all()
    assert leads() == (3, False), "it took no time, so now is now"
    monkeypatch.setattr(recent, "LONG_S", 0)
    monkeypatch.setattr(recent, "TIMES", 1_000_000)
    assert leads() == (3, False)
    make_lead(version.unit)
    Relay(store).relay_all()
    assert leads() == (3, True), "the same moment again, and the way to now"
    assert leads(as_of="now") == (4, False)
    make_lead(version.unit)
    Relay(store).relay_all()
    assert leads() == (4, True), "whoever asked again moved the moment of all"
    store.erase("person_facts", "id", ["nobody"])
    assert leads() == (5, False), "and an erasure ends it"


def test_without_another_version_in_force_there_is_nothing_to_compare_with(store: DuckDBEngine) -> None:
    version = draft_definition(make_unit(), KNOWN_COMPANY, by=SYSTEM)
    client = signed_in(make_user(Role.MARKETING, unit=version.unit))
    page = client.get(reverse("definition_what_if", args=[version.pk])).content.decode()
    assert "Nothing to compare with" in page


def test_without_the_event_store_it_says_so_and_shows_no_figures() -> None:
    version = drafted()
    answer = signed_in(make_user(Role.MARKETING, unit=version.unit)).get(
        reverse("definition_what_if", args=[version.pk])
    )
    assert answer.status_code == 503
    assert "Nothing was changed" in answer.content.decode()
