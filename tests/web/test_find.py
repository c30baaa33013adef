"""The search behind the palette: anonymous, another unit or role, allowed."""

from pathlib import Path

import pytest
from django.test import Client

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.store.current import use_engine
from tests.engines import empty_duckdb
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


def test_reports_and_the_pages_beside_them_are_found_by_name_and_by_what_they_answer() -> None:
    unit = make_unit()
    assert found("funnel", unit)[0] == ("Reports", "Funnel")
    assert ("Reports", "Experiments") in found("experim", unit, Role.FINANCE)
    assert ("Reports", "Sales dashboard") in found("SALES dash", unit)
    assert ("Reports", "The loop today") in found("wall", unit)
    assert ("Reports", "Speed to lead") in found("how fast does sales answer", unit)
    assert ("Reports", "Self-reported source") in found("self-reported", unit)
    assert found("nothing like this", unit) == []


def test_what_is_found_opens(tmp_path: Path) -> None:
    use_engine(empty_duckdb(tmp_path / "events.duckdb"))
    client = Client()
    client.force_login(make_user(Role.MARKETING, unit=make_unit()))
    for text in ("today", "dashboard", "own", "kept", "week", "cost", "model"):
        found = client.get("/find/", {"q": text}).json()["found"]
        assert found
        for one in found:
            assert client.get(one["url"]).status_code == 200, one
    use_engine(None)


@pytest.mark.parametrize("text", ["", " ", "i", "%", "__"])
def test_too_little_to_search_for_finds_nothing(text: str) -> None:
    unit = make_unit()
    make_person("ines@halden.example", unit=unit, name="Ines Okafor")
    assert found(text, unit) == []
