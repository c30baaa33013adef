"""The pages: what goes and what stays is shown, confirmed by typing, done in the background; administrators only."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.roles import Role
from loopline.people.models import Person
from loopline.pipeline.models import Opportunity, OpportunityContact
from loopline.privacy import steps
from loopline.privacy.asking import ask_erasure
from loopline.privacy.models import Erasure
from loopline.privacy.steps import finish_all
from loopline.privacy.traces import Traces
from loopline.store.duckdb_engine import DuckDBEngine
from tests.make import make_person, make_unit, make_user, signed_in

pytestmark = pytest.mark.django_db
EMAIL = "ines@halden.example"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, data=tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def ines() -> Person:
    person = make_person(EMAIL, name="Ines Okafor", unit=make_unit("Halden"))
    deal = Opportunity.objects.create(
        unit=person.unit, name="Pumps", amount_minor=250_000, currency="EUR", outcome="won", closed_at=person.created_at
    )
    OpportunityContact.objects.create(opportunity=deal, person=person)
    return person


@pytest.fixture
def admin() -> Client:
    return signed_in(make_user(Role.ADMINISTRATOR))


def paths(person: Person) -> list[str]:
    erasure = Erasure.objects.create(person_id=make_person().pk, upto_seq=0, by_id="x", by_name="Ada")
    return [reverse("person_erase", args=[person.pk]), reverse("erasures"), reverse("erasure", args=[erasure.pk])]


def test_strangers_are_sent_to_the_sign_in(client: Client, ines: Person) -> None:
    make_user()
    for path in paths(ines):
        assert client.get(path)["Location"].startswith("/sign-in/") or "login" in client.get(path)["Location"]
        assert client.post(path, {"typed": EMAIL}).status_code == 302
    assert Erasure.objects.count() == 1


@pytest.mark.parametrize("role", [one for one in Role if one is not Role.ADMINISTRATOR])
def test_nobody_but_administrators_erases(role: Role, ines: Person) -> None:
    client = signed_in(make_user(role, unit=ines.unit))
    for path in paths(ines):
        assert client.get(path).status_code == 403
        assert client.post(path, {"typed": EMAIL}).status_code == 403
    assert "Erase…" not in client.get(reverse("person", args=[ines.pk])).content.decode()
    assert Erasure.objects.count() == 1


def test_what_goes_and_stays_is_shown_and_nothing_happens(admin: Client, ines: Person, store: DuckDBEngine) -> None:
    assert "Erase…" in admin.get(reverse("person", args=[ines.pk])).content.decode()
    page = admin.get(reverse("person_erase", args=[ines.pk])).content.decode()
    assert "Submissions emptied" not in page, "there are none"
    for words in ("Identities", "2,500", "new person", f"Type “{EMAIL}”", "Backups"):
        assert words in page
    wrong = admin.post(reverse("person_erase", args=[ines.pk]), {"typed": "ines"})
    assert wrong.status_code == 422
    assert "Nothing was erased." in wrong.content.decode()
    assert not Erasure.objects.exists()


def test_confirmed_it_is_written_down_and_done_in_the_background(
    admin: Client, ines: Person, store: DuckDBEngine, data: Path
) -> None:
    answer = admin.post(reverse("person_erase", args=[ines.pk]), {"typed": EMAIL.upper()})
    erasure = Erasure.objects.get()
    assert answer["Location"] == reverse("erasure", args=[erasure.pk])
    waiting = admin.get(answer["Location"]).content.decode()
    assert "Being erased" in waiting
    assert "every 2s" in waiting
    assert admin.get(reverse("person_erase", args=[ines.pk]))["Location"] == answer["Location"], "once is enough"
    assert finish_all(data, store) == 1
    part = admin.get(answer["Location"], headers={"HX-Request": "true"}).content.decode()
    assert "The person is erased" in part
    assert "<html" not in part
    assert "every 2s" not in part
    assert "finished" in admin.get(reverse("erasures")).content.decode()
    page = admin.get(reverse("person", args=[ines.pk])).content.decode()
    assert "This person was erased" in page
    assert "Erase…" not in page
    assert EMAIL not in page
    for name in ("person_erase", "person_edit", "person_merge"):
        assert admin.get(reverse(name, args=[ines.pk])).status_code == 404
    assert "Erased person" not in admin.get(reverse("people")).content.decode()


def test_without_the_event_store_it_says_so_and_can_be_asked_for(admin: Client, ines: Person) -> None:
    page = admin.get(reverse("person_erase", args=[ines.pk])).content.decode()
    assert "cannot be counted" in page
    assert admin.post(reverse("person_erase", args=[ines.pk]), {"typed": EMAIL}).status_code == 302


def test_a_name_in_markup_stays_text(admin: Client, store: DuckDBEngine) -> None:
    person = make_person("x@halden.example", name="<script>alert(1)</script>")
    assert "<script>alert" not in admin.get(reverse("person_erase", args=[person.pk])).content.decode()


def test_the_list_says_what_it_is_for_while_nobody_was_erased(admin: Client) -> None:
    assert "Nobody was erased" in admin.get(reverse("erasures")).content.decode()


def test_several_are_done_together_and_one_in_trouble_holds_up_no_other(
    store: DuckDBEngine, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [make_person(f"buyer{number}@halden.example") for number in range(3)]
    erasures = [ask_erasure(one, data, by=SYSTEM) for one in people]
    compact, compactions, wipe = store.compact, [], steps.wipe_records
    monkeypatch.setattr(store, "compact", lambda: compactions.append(compact()))

    def wipe_but_one(traces: Traces, **given: Any) -> dict[str, int]:
        if traces.person_ids[0] == str(people[0].pk):
            raise ValueError("no such thing")
        return wipe(traces, **given)

    monkeypatch.setattr(steps, "wipe_records", wipe_but_one)
    assert finish_all(data, store) == 2
    assert len(compactions) == 1
    erasures[0].refresh_from_db()
    assert (erasures[0].trouble, erasures[0].step) == ("no such thing", "asked")
    monkeypatch.setattr(steps, "wipe_records", wipe)
    assert finish_all(data, store) == 1
    assert not Erasure.objects.unfinished().exists()
