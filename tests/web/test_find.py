"""The search behind the palette: anonymous, another unit or role, allowed."""

import pytest
from django.test import Client

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from tests.make import make_person, make_unit, make_user

pytestmark = pytest.mark.django_db


def found(text: str, unit: BusinessUnit, role: Role = Role.SALES) -> list[tuple[str, str]]:
    client = Client()
    client.force_login(make_user(role, unit=unit))
    return [(one["group"], one["label"]) for one in client.get("/find/", {"q": text}).json()["found"]]


def test_anonymous_people_find_nothing() -> None:
    make_user()
    assert Client().get("/find/", {"q": "ines"}).status_code == 302


def test_a_person_is_found_by_parts_of_name_and_address_in_the_own_unit_only() -> None:
    unit = make_unit()
    make_person("ines@halden.example", unit=unit, name="Ines Okafor")
    assert ("People", "Ines Okafor") in found("ines halden", unit)
    assert found("ines", make_unit()) == []


def test_finance_finds_no_people() -> None:
    unit = make_unit()
    make_person("ines@halden.example", unit=unit, name="Ines Okafor")
    assert found("ines", unit, Role.FINANCE) == []


@pytest.mark.parametrize("text", ["", " ", "i", "%", "__"])
def test_too_little_to_search_for_finds_nothing(text: str) -> None:
    unit = make_unit()
    make_person("ines@halden.example", unit=unit, name="Ines Okafor")
    assert found(text, unit) == []
