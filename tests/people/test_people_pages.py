"""Pages about visitors, people, companies and forms: who may open them, what they show, what is done there."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.campaigns.forms import Sent, new_token
from loopline.campaigns.models import Form, Submission
from loopline.leads.capture import capture_submission
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.people.actions import link_identity, merge_people
from loopline.people.models import Company, Merge, Person
from loopline.store.arrow import to_arrow
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch
from loopline.store.library import TABLES
from tests.make import make_form, make_person, make_unit, make_user, signed_in_as

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit("Nordics")


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


def visit(engine: DuckDBEngine, unit: BusinessUnit, person: Person | None) -> None:
    now = utc_now()
    row = {
        "event_id": str(uuid4()), "source_id": "k", "unit_id": str(unit.pk), "occurred_at": now, "received_at": now,
        "kind": "page", "identity": "visitor:v1", "visitor_id": "v1", "session_id": "s1", "is_entry": True,
        "channel": "Paid Search", "url_path": "/pricing", "title": HOSTILE, "landing_path": "/", "page_view_id": "p1",
        "consent": 3, "bot_verdict": "human", "source": "browser", "engaged_ms": 61_000, "utm_campaign": HOSTILE,
    }  # fmt: skip
    rows = {"events": to_arrow(TABLES["events"], [row])}
    if person:
        link = {"id": "visitor:v1", "version": 1, "occurred_at": now, "is_deleted": False, "evidence": "form",
                "person_id": str(person.pk)}  # fmt: skip
        rows["identity_facts"] = to_arrow(TABLES["identity_facts"], [link])
    engine.write(Batch(token=str(uuid4()), rows=rows))


# Who may open what

LISTS = ["/visitors/", "/people/", "/companies/", "/forms/"]


@pytest.mark.parametrize("path", [*LISTS, "/forms/new/"])
def test_strangers_are_sent_to_the_sign_in(client: Client, path: str, unit: BusinessUnit) -> None:
    make_user(unit=unit)
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/account/login/")


@pytest.mark.parametrize("path", LISTS)
def test_lists_open_and_say_what_will_be_there(path: str, unit: BusinessUnit) -> None:
    answer = signed_in_as(Role.MARKETING, unit).get(path)
    assert answer.status_code == 200
    assert any(words in text(answer) for words in ("No people yet", "No companies yet", "No form yet", "missing here"))


@pytest.mark.parametrize("path", ["/people/", "/companies/"])
def test_finance_does_not_see_people(path: str, unit: BusinessUnit) -> None:
    assert signed_in_as(Role.FINANCE, unit).get(path).status_code == 403


def test_sales_may_not_merge_or_edit_forms(unit: BusinessUnit) -> None:
    person, form = make_person(unit=unit), make_form(unit=unit)
    sales = signed_in_as(Role.SALES, unit)
    for path in (f"/people/{person.pk}/merge/", f"/forms/{form.pk}/edit/", "/forms/new/"):
        assert sales.get(path).status_code == 403
    assert sales.get(f"/people/{person.pk}/").status_code == 200


def test_another_unit_sees_none_of_it(unit: BusinessUnit) -> None:
    person, form = make_person("ines@halden.example", unit=unit, name="Ines Okafor"), make_form(unit=unit)
    other = make_person(unit=unit)
    merge = merge_people(other, make_person(unit=unit), by=SYSTEM)
    stranger = signed_in_as(Role.MARKETING, make_unit("Iberia"))
    for path in LISTS:
        assert "Ines" not in text(stranger.get(path))
    assert person.company is not None
    paths = [f"/people/{person.pk}/", f"/people/{person.pk}/edit/", f"/people/{person.pk}/merge/",
             f"/companies/{person.company_id}/", f"/companies/{person.company_id}/edit/", f"/forms/{form.pk}/",
             f"/forms/{form.pk}/edit/"]  # fmt: skip
    assert [stranger.get(path).status_code for path in paths] == [404] * len(paths)
    assert stranger.post(f"/people/merges/{merge.pk}/undo/").status_code == 404


def test_strangers_see_no_page_about_anyone(client: Client, unit: BusinessUnit) -> None:
    make_user(unit=unit)
    person, form = make_person("ines@halden.example", unit=unit), make_form(unit=unit)
    merge = merge_people(make_person(unit=unit), make_person(unit=unit), by=SYSTEM)
    paths = [f"/people/{person.pk}/", f"/people/{person.pk}/edit/", f"/people/{person.pk}/merge/",
             f"/people/merges/{merge.pk}/undo/", f"/companies/{person.company_id}/",
             f"/companies/{person.company_id}/edit/", f"/forms/{form.pk}/", f"/forms/{form.pk}/edit/"]  # fmt: skip
    for path in paths:
        for answer in (client.get(path), client.post(path)):
            assert answer.status_code in {302, 405}, path
            assert answer.status_code == 405 or answer.headers["Location"].startswith("/account/login/")


# Visitors


def test_visits_show_who_whence_and_how_long(unit: BusinessUnit, store: DuckDBEngine) -> None:
    person = make_person("ines@halden.example", unit=unit, name="Ines Okafor")
    visit(store, unit, person)
    page = text(signed_in_as(Role.MARKETING, unit).get("/visitors/"))
    for words in ("Ines Okafor", "Paid Search", "1\u00a0m", "&lt;script&gt;alert(1)"):
        assert words in page
    assert HOSTILE not in page


def test_finance_sees_visits_without_names(unit: BusinessUnit, store: DuckDBEngine) -> None:
    visit(store, unit, make_person(unit=unit, name="Ines Okafor"))
    page = text(signed_in_as(Role.FINANCE, unit).get("/visitors/"))
    assert "A known person" in page
    assert "Ines" not in page


def test_without_the_event_store_the_page_says_what_is_missing(unit: BusinessUnit) -> None:
    page = text(signed_in_as(Role.MARKETING, unit).get("/visitors/"))
    assert "What comes from the event store is missing here" in page


@pytest.mark.parametrize(
    "query", ["?page=x", "?page=-1", "?period=99", "?who=me", "?unit=none", "?channel=%01", "?page=9"]
)
def test_addresses_that_make_no_sense_still_open(unit: BusinessUnit, store: DuckDBEngine, query: str) -> None:
    client = signed_in_as(Role.MARKETING, unit)
    for path in LISTS:
        assert client.get(path + query).status_code == 200


# People


def test_people_are_found_by_name_company_and_merged_address(unit: BusinessUnit, store: DuckDBEngine) -> None:
    ines = make_person("ines@halden.example", unit=unit, name="Ines Okafor", company_name="Halden Foods")
    make_person("tom@other.example", unit=unit, name="Tom Ruiz")
    merge_people(ines, make_person("i.okafor@gmail.com", unit=unit), by=SYSTEM)
    client = signed_in_as(Role.SALES, unit)
    for query in ("okafor", "halden foods", "ines halden", "i.okafor@gmail"):
        page = text(client.get("/people/", {"q": query}))
        assert "Ines Okafor" in page, query
        assert "Tom Ruiz" not in page
    assert "Nobody found" in text(client.get("/people/", {"q": "zzz"}))


def test_people_are_filtered_by_where_they_stand(unit: BusinessUnit, store: DuckDBEngine) -> None:
    lead = Lead.objects.create(unit=unit, person=make_person(unit=unit, name="Ines Okafor"))
    make_person(unit=unit, name="Tom Ruiz")
    client = signed_in_as(Role.SALES, unit)
    assert lead.state == "new"
    assert "Tom Ruiz" not in text(client.get("/people/?state=running"))
    assert "Ines Okafor" not in text(client.get("/people/?state=none"))


def test_a_persons_page_shows_facts_identities_consents_and_leads(unit: BusinessUnit) -> None:
    form = make_form("ask", unit=unit)
    sent = Sent(new_token(form, utc_now() - timedelta(minutes=1)), is_consent_given=True, visitor_id="v1")
    typed = {"email": "ines@halden.example", "name": HOSTILE, "company": HOSTILE, "message": HOSTILE}
    captured = capture_submission(form, typed, sent=sent)
    assert captured.person is not None
    page = text(signed_in_as(Role.SALES, unit).get(f"/people/{captured.person.pk}/"))
    for words in ("Browser", "v1", "ines@halden.example", "contact", "form “Ask for a demo”", "&lt;script&gt;"):
        assert words in page
    assert HOSTILE not in page


def test_a_merged_persons_page_leads_to_the_one_that_remains(unit: BusinessUnit) -> None:
    a, b = make_person(unit=unit), make_person(unit=unit)
    merge_people(a, b, by=SYSTEM)
    answer = signed_in_as(Role.SALES, unit).get(f"/people/{b.pk}/")
    assert answer.headers["Location"] == f"/people/{a.pk}/"


def test_people_who_shared_a_browser_are_offered_for_a_look(unit: BusinessUnit) -> None:
    a, b = make_person(unit=unit, name="Ines"), make_person(unit=unit, name="Tom")
    for one in (a, b):
        link_identity("visitor:v1", one, "form", SYSTEM)
    client = signed_in_as(Role.MARKETING, unit)
    assert f"?with={b.pk}" in text(client.get(f"/people/{a.pk}/"))
    assert f"?with={a.pk}" in text(client.get(f"/people/{b.pk}/"))


def test_a_persons_page_tells_whose_a_shared_browser_was_when(unit: BusinessUnit) -> None:
    a, b = make_person(unit=unit, name="Ines"), make_person(unit=unit, name="Tom")
    now = utc_now()
    link_identity("visitor:v1", a, "form", SYSTEM, now - timedelta(days=3))
    link_identity("visitor:v1", b, "identify", SYSTEM, now - timedelta(days=1))
    shown = text(signed_in_as(Role.MARKETING, unit).get(f"/people/{a.pk}/"))
    stretches = shown[shown.index('<ul class="stretches">') :]
    assert stretches.index("Tom") < stretches.index("nobody’s") < stretches.index("this person’s")
    assert "Before anybody was named." in stretches
    assert "Between two people" in stretches


def test_a_shared_browsers_page_tells_whose_it_was_when(unit: BusinessUnit, store: DuckDBEngine) -> None:
    visit(store, unit, None)
    other = make_unit("South")
    link_identity("visitor:v1", make_person(unit=unit, name="Ines"), "form", SYSTEM, utc_now() - timedelta(days=3))
    link_identity("visitor:v1", make_person(unit=other, name="Hidden Tom"), "form", SYSTEM)
    shown = text(signed_in_as(Role.MARKETING, unit).get("/visitors/visitor/?id=v1"))
    assert "Whose it was" in shown
    assert "Ines" in shown
    assert "somebody of another unit" in shown
    assert "Hidden Tom" not in shown
    seen_by_finance = text(signed_in_as(Role.FINANCE, unit).get("/visitors/visitor/?id=v1"))
    assert "Ines" not in seen_by_finance


def test_editing_a_person(unit: BusinessUnit) -> None:
    person = make_person("ines@halden.example", unit=unit)
    client = signed_in_as(Role.SALES, unit)
    assert "halden.example" in text(client.get(f"/people/{person.pk}/edit/"))
    typed = {"name": "Ines", "country": "NO", "company": "halden.example"}
    assert client.post(f"/people/{person.pk}/edit/", typed).status_code == 302
    person.refresh_from_db()
    assert (person.name, person.country, str(person.company)) == ("Ines", "NO", "halden.example")
    wrong = client.post(f"/people/{person.pk}/edit/", {"country": "Norway", "company": "Nowhere"})
    assert wrong.status_code == 422
    assert "There is no such company" in text(wrong)


def test_editing_a_person_keeps_a_country_that_is_none_and_a_company_whose_name_another_has(unit: BusinessUnit) -> None:
    person = make_person("ines@halden.example", unit=unit)
    other = make_person("tom@other.example", unit=unit)
    Company.objects.update(name="Foods")
    Person.objects.filter(pk=person.pk).update(country="XQ")
    client = signed_in_as(Role.SALES, unit)
    page = text(client.get(f"/people/{person.pk}/edit/"))
    assert '<option value="XQ" selected>' in page
    assert 'value="halden.example"' in page
    typed = {"country": "XQ", "company": "halden.example"}
    assert client.post(f"/people/{person.pk}/edit/", typed).status_code == 302
    person.refresh_from_db()
    assert (person.country, person.company_id != other.company_id) == ("XQ", True)


def test_merging_is_compared_confirmed_and_undone(unit: BusinessUnit) -> None:
    a, b = make_person("a@halden.example", unit=unit, name="Ines"), make_person("b@halden.example", unit=unit)
    Lead.objects.create(unit=unit, person=b)
    client = signed_in_as(Role.MARKETING, unit)
    assert str(b.pk) in text(client.get(f"/people/{a.pk}/merge/?q=b@halden"))
    compared = text(client.get(f"/people/{a.pk}/merge/?with={b.pk}"))
    assert "1 lead" in compared
    assert "1 leads" not in compared
    assert client.post(f"/people/{a.pk}/merge/", {"with": str(b.pk)}).status_code == 302
    merge = Merge.objects.get()
    page = text(client.get(f"/people/{a.pk}/"))
    assert f"/people/merges/{merge.pk}/undo/" in page
    assert client.post(f"/people/merges/{merge.pk}/undo/").status_code == 302
    b.refresh_from_db()
    assert b.merged_into is None


@pytest.mark.parametrize("other", ["", "nonsense", "01999999-0000-7000-8000-000000000000"])
def test_merging_with_nobody_is_not_found(unit: BusinessUnit, other: str) -> None:
    person = make_person(unit=unit)
    client = signed_in_as(Role.MARKETING, unit)
    assert client.post(f"/people/{person.pk}/merge/", {"with": other}).status_code == 404


# Companies


def test_a_company_shows_its_people_and_can_be_edited(unit: BusinessUnit) -> None:
    person = make_person("ines@halden.example", unit=unit, name="Ines Okafor")
    client = signed_in_as(Role.SALES, unit)
    assert "halden.example" in text(client.get("/companies/?q=halden"))
    assert "Ines Okafor" in text(client.get(f"/companies/{person.company_id}/"))
    typed = {"name": HOSTILE, "employees": "1200", "country": "NO"}
    assert client.post(f"/companies/{person.company_id}/edit/", typed).status_code == 302
    page = text(client.get(f"/companies/{person.company_id}/"))
    assert "1,200 people" in page
    assert HOSTILE not in page


# Forms


def rows(*fields: dict[str, str]) -> dict[str, str]:
    whole = {"field-TOTAL_FORMS": str(len(fields)), "field-INITIAL_FORMS": "0"}
    for place, field in enumerate(fields):
        whole |= {f"field-{place}-{name}": value for name, value in field.items()}
    return whole


def test_a_form_is_made_edited_and_shown_with_its_snippet(unit: BusinessUnit) -> None:
    client = signed_in_as(Role.MARKETING, unit)
    assert "Work e-mail" in text(client.get("/forms/new/"))
    texts = {"title": "Ask us", "slug": "ask-us", "unit": str(unit.pk), "creates_lead": "on", "is_live": "on"}
    fields = rows(
        {"label": "How big?", "kind": "select", "choices": "small; large", "ORDER": "2"},
        {"label": "Your name", "key": "name", "kind": "text", "is_required": "on", "ORDER": "1"},
        {"label": "", "kind": "text"},
    )
    assert client.post("/forms/new/", texts | fields).status_code == 302
    form = Form.objects.get()
    assert [one["key"] for one in form.fields] == ["email", "name", "how_big"]
    page = text(client.get(f"/forms/{form.pk}/"))
    assert "/f/ask-us/embed.js&quot; async&gt;" in page
    assert "How big?" in page
    assert client.post(f"/forms/{form.pk}/edit/", {"title": "Ask again"} | rows()).status_code == 302
    form.refresh_from_db()
    assert (form.title, form.slug, form.is_live) == ("Ask again", "ask-us", False)


def test_a_form_that_cannot_be_is_refused_beside_what_was_typed(unit: BusinessUnit) -> None:
    client = signed_in_as(Role.MARKETING, unit)
    make_form("taken", unit=unit)
    texts = {"title": "Ask us", "slug": "taken", "unit": str(unit.pk)}
    answer = client.post("/forms/new/", texts | rows({"label": "Name", "kind": "text"}))
    assert answer.status_code == 422
    assert "There is a form at /f/taken already" in text(answer)
    choices = rows({"label": "Pick", "kind": "select", "choices": ""})
    assert "write the choices" in text(client.post("/forms/new/", texts | {"slug": "free"} | choices))


def test_spam_is_listed_with_its_reason_and_can_be_captured_after_all(unit: BusinessUnit) -> None:
    form = make_form("ask", unit=unit)
    typed = {"email": "ines@halden.example", "name": "Ines", "message": HOSTILE}
    submission = capture_submission(form, typed, sent=Sent(honeypot="x")).submission
    client = signed_in_as(Role.MARKETING, unit)
    page = text(client.get(f"/forms/{form.pk}/?verdict=spam"))
    assert "a field that people do not see" in page
    assert HOSTILE not in page
    path = f"/submissions/{submission.pk}/not-spam/"
    assert signed_in_as(Role.SALES, unit).post(path).status_code == 403
    assert signed_in_as(Role.MARKETING, make_unit()).post(path).status_code == 404
    assert Client().post(path).status_code == 302
    assert client.post(path).status_code == 302
    assert Submission.objects.get().verdict == "genuine"
    assert Lead.objects.get().person.email == "ines@halden.example"
    assert client.post(path).status_code == 302


def test_who_does_not_see_people_sees_only_how_many_sent_a_form(unit: BusinessUnit) -> None:
    form = make_form("ask", unit=unit)
    capture_submission(form, {"email": "ines@halden.example", "name": "Ines"}, sent=Sent(honeypot="x"))
    page = text(signed_in_as(Role.FINANCE, unit).get(f"/forms/{form.pk}/"))
    assert "1 spam" in page
    assert "ines@" not in page
