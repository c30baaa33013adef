"""The page of bottlenecks: who may open it, what it is asked, and that names stay in their unit."""

from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.huddle_screen import names_for
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user, signed_in
from tests.make_leads import make_lead
from tests.reports.test_bottlenecks import sale

pytestmark = pytest.mark.django_db
PAGE = "bottlenecks"


def test_anonymous_people_sign_in(client: Client, store: DuckDBEngine) -> None:
    assert client.get(reverse(PAGE)).status_code == 302


@pytest.mark.parametrize("query", ["period=yesterday", "by=mood", "unit=nonsense"])
def test_what_cannot_be_asked_is_said(store: DuckDBEngine, query: str) -> None:
    answer = signed_in(make_user(Role.MARKETING, unit=make_unit())).get(f"{reverse(PAGE)}?{query}")
    assert answer.status_code == 400
    assert "There is no" in answer.content.decode()


def test_its_options_are_those_of_every_report(store: DuckDBEngine) -> None:
    client = signed_in(make_user(Role.MARKETING, unit=make_unit()))
    text = client.get(reverse(PAGE), {"from": "2024-03-01", "to": "2024-03-31", "as_of": "2024-04-02"}).content.decode()
    for words in ("1 Mar 2024 to 31 Mar 2024", "As of <b>2024-04-02</b>", "All there is", "source-quality/?from="):
        assert words in text, words


def test_names_stay_in_their_unit_and_an_empty_store_says_what_to_do(store: DuckDBEngine) -> None:
    unit, other = make_unit(), make_unit()
    shelf = Shelf(store)
    for where, name in ((unit, "Ours"), (other, "Theirs")):
        lead = make_lead(where, name=name)
        shelf.lead(str(lead.pk), str(lead.person_id), utc_now(), unit_id=str(UUID(str(where.pk))))
    client = signed_in(make_user(Role.SALES, unit=unit))
    assert "No leads in this period" in client.get(reverse(PAGE)).content.decode()
    shelf.store()
    page = client.get(reverse(PAGE)).content.decode()
    assert "Theirs" not in page
    assert "there now" in page.lower()


def test_who_waits_unseen_is_said_to_be_unseen_and_not_nobody(store: DuckDBEngine) -> None:
    """One was won; two wait in negotiation, and whoever looks does not see who."""
    shelf = Shelf(store)
    ways = {"qualified": 4.0, "discovery": 6.0, "proposal": 9.0, "negotiation": 10.0}
    sale(shelf, "won", ways, "won", 12, reporting_minor=100_00)
    for key in map(str, (uuid4(), uuid4())):
        sale(shelf, key, ways, "open", None)
    shelf.store()
    client = signed_in(make_user(Role.FINANCE))
    page = client.get(reverse(PAGE), {"from": "2024-03-01", "to": "2024-03-31"}).content.decode()
    assert "2 wait here; who they are is not yours to see." in page
    assert "nobody waits" not in page
    assert "1 of 1 closed" in page
    assert "a day, 2 open now" in page
    assert "the tallest is 3 who entered" in page


def test_leads_are_named_only_to_who_may_see_people(store: DuckDBEngine) -> None:
    """Finance sees the figures of all units and no names."""
    lead = make_lead(make_unit(), name="Ines")
    sales, finance = make_user(Role.SALES, unit=lead.unit), make_user(Role.FINANCE, unit=lead.unit)
    assert names_for([str(lead.pk)], sales.actor, None)[str(lead.pk)][0] == "Ines"
    assert names_for([str(lead.pk)], finance.actor, None) == {}
