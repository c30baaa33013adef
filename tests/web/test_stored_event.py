"""The page of one event: who may open it, what it hides from whom, and that nothing a sender wrote runs."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.behind_names import subject_named
from tests.attribution.shelf import Shelf
from tests.make import make_person, make_unit, make_user, signed_in, signed_in_as

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


def test_an_event_opens_for_its_unit_and_tells_whose_it_is_to_those_who_see_people(store: DuckDBEngine) -> None:
    unit, other = make_unit(), make_unit()
    person = make_person("ines@halden.no", unit=unit)
    shelf, at = Shelf(store), utc_now() - timedelta(minutes=5)
    shelf.touch("e/1", "email:ines@halden.no", at, learnt=at, unit_id=str(unit.pk), name=HOSTILE, channel="Email",
                properties='{"note": "' + HOSTILE + '"}')  # fmt: skip
    shelf.store()
    page, asked = reverse("stored_event"), {"id": "e/1"}
    assert Client().get(page, asked).status_code == 302
    assert signed_in_as(Role.MARKETING, other).get(page, asked).status_code == 404
    assert signed_in_as(Role.MARKETING, unit).get(page, {"id": "no-such"}).status_code == 404
    text = signed_in_as(Role.MARKETING, unit).get(page, asked).content.decode()
    assert reverse("person", args=[person.pk]) in text
    assert "&quot;note&quot;" in text
    assert HOSTILE not in text
    finance = signed_in_as(Role.FINANCE, unit).get(page, asked).content.decode()
    assert "Email" in finance
    assert "ines@halden.no" not in finance
    assert "note" not in finance


def test_a_subject_of_an_experiment_is_named_to_those_who_see_people_only() -> None:
    unit = make_unit()
    person = make_person(unit=unit)
    marketing, finance = make_user(Role.MARKETING, unit=unit).actor, make_user(Role.FINANCE, unit=unit).actor
    elsewhere = make_user(Role.MARKETING, unit=make_unit()).actor
    subject, address = f"person:{person.pk}", reverse("person", args=[person.pk])
    assert subject_named(subject, marketing) == (person.display_name, address)
    assert subject_named(subject, finance) == subject_named(subject, elsewhere) == (subject, "")
    assert subject_named("visitor:v1", marketing) == ("visitor:v1", f"{reverse('visitor')}?id=v1")
    assert signed_in(make_user(Role.MARKETING, unit=unit)).get(reverse("visitors")).status_code == 200
