"""Countries by name: on pages, in forms and in the sentences of rules."""

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.roles import Role
from loopline.lib.countries import COUNTRIES, country_name
from loopline.lib.times import utc_now
from loopline.rules.explain import judge
from loopline.rules.facts import Facts
from loopline.rules.read import read_rule
from tests.make import make_form, make_person, make_unit, make_user


def test_countries_are_told_by_name_and_what_is_no_country_stays_as_it_is() -> None:
    asked = ("DE", "no", "US", "GB", "XX", "Norge", "")
    told = ["Germany", "Norway", "United States", "Britain (UK)", "XX", "Norge", ""]
    assert [country_name(one) for one in asked] == told


def test_every_code_has_two_letters_and_a_name() -> None:
    assert len(COUNTRIES) > 240
    assert all(len(code) == 2 and name for code, name in COUNTRIES.items())


def test_a_reason_names_the_country() -> None:
    facts = Facts(at=utc_now(), fields={"person.country": "NO"})
    assert judge(read_rule({"field": "person.country", "is": ["SE"]}), facts).reason == "country Norway"


@pytest.mark.django_db
def test_the_page_of_a_person_and_a_form_name_the_country() -> None:
    unit = make_unit()
    person = make_person("ines@halden.no", unit=unit)
    person.country = "NO"
    person.save()
    client = Client()
    client.force_login(make_user(Role.MARKETING, unit=unit))
    assert "<dd>Norway</dd>" in client.get(reverse("person", args=[person.pk])).content.decode()
    fields = [{"key": "country", "label": "Country", "kind": "select", "choices": ["SE", "NO"]}]
    form = make_form("ask", unit=unit, fields=fields)
    text = client.get(reverse("public_form", args=[form.slug])).content.decode()
    assert '<option value="NO">Norway</option>' in text
