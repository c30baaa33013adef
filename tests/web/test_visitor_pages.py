"""The pages about visitors: anonymous, another unit, allowed; figures that open; what is said when there is nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit, Organisation
from loopline.access.roles import Role
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.people.actions import link_identity
from loopline.people.models import Person
from loopline.store.arrow import to_arrow
from loopline.store.current import use_engine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch
from loopline.store.library import TABLES
from loopline.web import lately
from tests.make import make_person, make_unit, make_user

pytestmark = pytest.mark.django_db

LISTS = ["/visitors/", "/visitors/pages/", "/visitors/channels/"]
PAGES = [*LISTS, "/visitors/pages/behind/?path=/pricing", "/visitors/visitor/?id=v2"]
HOSTILE = "<script>alert(1)</script>"


def _event(event_id: str, minutes_ago: float, visitor: str, unit: BusinessUnit, **said: Any) -> dict[str, Any]:
    at = utc_now() - timedelta(minutes=minutes_ago)
    return {
        "event_id": event_id, "source_id": "k", "unit_id": str(unit.pk), "occurred_at": at, "received_at": at,
        "kind": "page", "identity": f"visitor:{visitor}", "visitor_id": visitor, "session_id": f"s-{visitor}",
        "is_entry": True, "channel": "Paid Search", "url_host": "", "url_path": "/pricing", "title": "Pricing",
        "landing_path": "/pricing", "page_view_id": f"p-{event_id}", "consent": 3, "bot_verdict": "human",
        "source": "browser", "engaged_ms": 61_000,
    } | said  # fmt: skip


@pytest.fixture
def known(store: DuckDBEngine) -> Person:
    """Ines was here an hour ago, a stranger and a machine are here now; the south had one visit to its own page."""
    north, south = make_unit("North"), make_unit("South")
    person = make_person("ines@halden.example", unit=north, name="Ines Okafor", company_name="Halden Foods")
    link_identity("visitor:v1", person, "form", SYSTEM)
    now = utc_now()
    link = {"id": "visitor:v1", "version": 1, "occurred_at": now, "is_deleted": False, "evidence": "form",
            "person_id": str(person.pk)}  # fmt: skip
    events = [
        _event("e1", 61, "v1", north),
        _event("e2", 1, "v2", north, title=HOSTILE, network_company="Halden Network"),
        _event("e3", 1, "v3", north, bot_verdict="machine:crawler"),
        _event("e4", 1, "v4", south, url_path="/hush", title="Hush"),
    ]
    whole = {"id": str(person.pk), "version": 1, "occurred_at": now, "is_deleted": False, "unit_id": str(north.pk),
             "canonical_id": str(person.pk)}  # fmt: skip
    tables = {"events": events, "identity_facts": [link], "person_facts": [whole]}
    rows = {name: to_arrow(TABLES[name], content) for name, content in tables.items()}
    store.write(Batch(token="visitors", rows=rows))
    return person


def _client(role: Role, unit: BusinessUnit | None = None) -> Client:
    client = Client()
    client.force_login(make_user(role, unit=unit))
    return client


def _text(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers or None)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_strangers_are_sent_to_the_sign_in(client: Client, path: str) -> None:
    make_user()
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/account/login/")


@pytest.mark.parametrize("path", LISTS)
def test_without_visits_a_page_says_what_to_do(path: str, store: DuckDBEngine) -> None:
    page = _text(_client(Role.MARKETING, make_unit()), path)
    assert "Put the tracker into the pages of your site" in page


@pytest.mark.parametrize("path", ["/visitors/?period=7", "/visitors/pages/", "/visitors/channels/"])
def test_without_visits_write_keys_are_linked_for_who_may_make_one(path: str, store: DuckDBEngine) -> None:
    unit, link = make_unit(), 'href="/settings/keys/">Write keys'
    assert link in _text(_client(Role.ADMINISTRATOR, unit), path)
    assert link not in _text(_client(Role.MARKETING, unit), path)


@pytest.mark.parametrize("path", PAGES)
def test_a_store_that_does_not_answer_is_told_and_never_a_zero(path: str) -> None:
    use_engine(None)
    page = _text(_client(Role.MARKETING, make_unit()), path)
    assert "missing here" in page
    assert "<dd>0</dd>" not in page


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("path", LISTS)
def test_every_role_opens_the_lists_and_sees_its_own_unit_only(path: str, role: Role, known: Person) -> None:
    page = _text(_client(role, known.unit), f"{path}?period=7")
    assert ("/hush" in page or "Hush" in page) == (role is Role.ADMINISTRATOR and "channels" not in path)


def test_the_page_and_its_navigation_count_who_is_here_now_once(
    known: Person, store: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()  # of tests before, whose units had the same numbers
    monkeypatch.setattr(lately, "_quiet_until", 0.0)
    client = _client(Role.MARKETING, known.unit)
    assert "1 now" in _text(client, "/campaigns/")  # and it is remembered
    more = to_arrow(TABLES["events"], [_event("e5", 1, "v5", known.unit)])
    store.write(Batch(token="one more", rows={"events": more}))
    page = _text(client, "/visitors/?period=7")
    assert "2 now" in page
    assert "1 now" not in page


def test_who_is_here_now_is_marked_and_machines_are_left_out_with_their_number(known: Person) -> None:
    client = _client(Role.MARKETING, known.unit)
    page = _text(client, "/visitors/?period=7")
    assert page.count("here now</span>") == 1
    for words in ("Ines Okafor", "Halden Foods", "Not known yet", "network of Halden Network", "Paid Search"):
        assert words in page
    assert HOSTILE not in page
    now = _text(client, "/visitors/?period=7&who=now")
    assert "Ines Okafor" not in now
    assert "Halden Network" in now
    machines = _text(client, "/visitors/?period=7&who=machines")
    assert "id=v3" in machines
    assert "id=v2" not in machines


def test_bringing_it_up_to_date_gives_the_part_without_the_frame(known: Person) -> None:
    client = _client(Role.MARKETING, known.unit)
    answer = client.get("/visitors/?period=7", headers={"HX-Request": "true"})
    part = answer.content.decode()
    assert "Ines Okafor" in part
    assert "<html" not in part
    assert "HX-Request" in answer.headers["Vary"]


def test_a_week_shows_the_sessions_that_began_in_it_and_is_not_brought_up_to_date(known: Person) -> None:
    client = _client(Role.MARKETING, known.unit)
    page = _text(client, "/visitors/?week=2020-01-08")
    assert "Ines Okafor" not in page
    assert "data-live" not in page
    assert "6 Jan" in page
    assert "data-live" in _text(client, "/visitors/?week=nonsense")


def test_each_figure_of_a_page_opens_who_is_behind_it(known: Person) -> None:
    client = _client(Role.MARKETING, known.unit)
    page = _text(client, "/visitors/pages/?period=7")
    assert "figure=views" in page
    for figure in ("views", "visitors", "entries"):
        behind = _text(client, f"/visitors/pages/behind/?path=/pricing&host=&period=7&figure={figure}")
        assert "<dd>2</dd>" in behind
        assert "Ines Okafor" in behind
        assert "id=v2" in behind
    bounced = _text(client, "/visitors/pages/behind/?path=/pricing&host=&period=7&figure=bounces")
    assert "<dd>1</dd>" in bounced
    assert "id=v2" not in bounced
    assert "Nobody in this time" in _text(client, "/visitors/pages/behind/?path=/pricing&period=7&figure=leads")
    assert "Nobody in this time" in _text(client, "/visitors/pages/behind/?path=/hush&period=7")
    assert client.get("/visitors/pages/behind/").status_code == 404


@pytest.mark.parametrize("sort", ["views", "visitors", "engaged", "entries", "exits", "bounce_rate", "leads", "x"])
def test_pages_come_in_any_order_and_by_a_part_of_their_name(sort: str, known: Person) -> None:
    client = _client(Role.ADMINISTRATOR)
    assert "/hush" in _text(client, f"/visitors/pages/?period=7&sort={sort}")
    assert "/hush" not in _text(client, f"/visitors/pages/?period=7&sort={sort}&q=pric")
    assert "No such page" in _text(client, "/visitors/pages/?q=nowhere")


def test_channels_stand_week_by_week_and_open_their_sessions(known: Person) -> None:
    client = _client(Role.MARKETING, known.unit)
    page = _text(client, "/visitors/channels/")
    assert "1 session by machines left out" in page
    address = page.split('href="/visitors/?week=', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    assert "id=v2" in _text(client, f"/visitors/?week={address}")


def test_a_visitor_has_a_route_until_somebody_is_recognised(known: Person) -> None:
    client = _client(Role.MARKETING, known.unit)
    page = _text(client, "/visitors/visitor/?id=v2")
    assert "&lt;script&gt;alert(1)" in page
    assert "Halden Network" in page
    assert client.get("/visitors/visitor/?id=v1").headers["Location"] == f"/people/{known.pk}/"
    assert "Judged to be a machine" in _text(client, "/visitors/visitor/?id=v3")
    for unseen in ("v4", "nobody", ""):
        assert client.get("/visitors/visitor/", {"id": unseen}).status_code == 404


def test_finance_sees_a_visitor_without_the_name(known: Person) -> None:
    page = _text(_client(Role.FINANCE, known.unit), "/visitors/visitor/?id=v1")
    assert "A known person" in page
    assert "Ines" not in page


def test_a_company_has_the_route_of_all_its_people(known: Person) -> None:
    page = _text(_client(Role.MARKETING, known.unit), f"/companies/{known.company_id}/")
    assert "Paid Search" in page
    assert "Pricing" in page


# Interests


def test_interests_go_by_the_topics_of_the_organisation_and_show_the_pages_behind(known: Person) -> None:
    Organisation.objects.update_or_create(pk=1, defaults={"topics": [["/pricing", "What it costs"]]})
    client = _client(Role.MARKETING, known.unit)
    lead = Lead.objects.create(unit=known.unit, person=known, state=Lead.State.NEW, origin="form")
    for path in (f"/people/{known.pk}/", f"/companies/{known.company_id}/", f"/leads/{lead.pk}/",
                 "/visitors/visitor/?id=v2"):  # fmt: skip
        page = _text(client, path)
        assert "What it costs" in page, path
        assert 'title="/pricing"' in page, path
        assert "100\u00a0%" in page, path


def test_who_never_looked_at_a_page_is_told_so(known: Person) -> None:
    other = make_person("mei@halden.example", unit=known.unit)
    page = _text(_client(Role.MARKETING, known.unit), f"/people/{other.pk}/")
    assert "No page was looked at in the last year" in page


def test_interests_the_store_cannot_tell_are_not_told_as_none() -> None:
    use_engine(None)
    person = make_person("mei@halden.example", unit=make_unit())
    page = _text(_client(Role.MARKETING, person.unit), f"/people/{person.pk}/")
    assert "No page was looked at" not in page
    assert "the event store did not answer" in page


def test_topics_are_kept_in_the_settings_and_what_is_wrong_is_said() -> None:
    client = _client(Role.ADMINISTRATOR)
    said = {"name": "Nordwind", "time_zone": "Europe/Oslo", "reporting_currency": "EUR",
            "topics": "/product/pumps = Pumps\n\n /a=b = c "}  # fmt: skip
    assert client.post("/settings/organisation/", said).status_code == 302
    assert Organisation.current().topics == [["/product/pumps", "Pumps"], ["/a", "b = c"]]
    assert "/product/pumps = Pumps\n/a = b = c" in _text(client, "/settings/organisation/")
    for wrong in ("pumps = Pumps", "/product/pumps", "/product/pumps ="):
        answer = client.post("/settings/organisation/", said | {"topics": wrong})
        assert "write a path and a topic" in answer.content.decode()
    assert len(Organisation.current().topics) == 2
