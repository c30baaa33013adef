"""`loopline erase`: shown, confirmed, done; with a server that runs or without one; again after a restored backup."""

import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from loopline.access.actor import SYSTEM
from loopline.cli.main import main
from loopline.lib.times import utc_now
from loopline.people.actions import link_identity
from loopline.people.models import Person
from loopline.privacy.models import Erasure
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web import internal
from tests.make import make_person

pytestmark = pytest.mark.django_db
EMAIL = "ines@halden.example"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOOPLINE_DATA", str(tmp_path))
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, data=tmp_path))
    return tmp_path


def test_without_a_server_it_is_all_done_here(capsys: pytest.CaptureFixture[str]) -> None:
    person = make_person(EMAIL, name="Ines Okafor")
    link_identity("user:u-4711", person, "manual", SYSTEM)
    assert main(["erase", EMAIL, "--yes"]) == 0
    told = capsys.readouterr().out
    assert "Ines Okafor" in told
    assert "2 identities" in told
    assert "Backups hold the person" in told
    person.refresh_from_db()
    assert (person.email, person.display_name) == (None, "Erased person")
    assert main(["erase", str(person.pk), "--yes"]) == 1
    assert "erased already" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "status"), [
    (["erase"], 2), (["erase", EMAIL, "--again"], 2), (["erase", EMAIL], 2), (["erase", "nobody", "--yes"], 1),
    (["erase", "who@halden.example", "--yes"], 1),
])  # fmt: skip
def test_what_cannot_be_done_is_said_and_nobody_is_erased(
    words: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    make_person(EMAIL)
    assert main(words) == status
    assert "loopline erase: " in capsys.readouterr().err
    assert not Erasure.objects.exists()


@pytest.mark.parametrize(("typed", "status"), [("ines", 1), (EMAIL, 0)])
def test_somebody_at_a_terminal_confirms_by_typing(
    typed: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_person(EMAIL)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _prompt: typed)
    assert main(["erase", EMAIL]) == status
    assert Person.objects.filter(email=EMAIL).exists() is (status == 1)


def test_after_a_restored_backup_everybody_who_was_erased_since_goes_again(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person = make_person(EMAIL)
    assert main(["erase", EMAIL, "--yes"]) == 0
    noted = (data / "erased.jsonl").read_text()
    assert EMAIL not in noted
    assert json.loads(noted)["person_ids"] == [str(person.pk)]
    # The backup is from before: the record has its name again, and it knows of no erasure.
    Erasure.objects.all().delete()
    Person.objects.filter(pk=person.pk).update(email=EMAIL, name="Ines", erased_at=None)
    back = make_person("tom@halden.example")
    assert main(["erase", "--again", "--yes"]) == 0
    assert not Person.objects.filter(email=EMAIL).exists()
    back.refresh_from_db()
    assert back.email
    # Made anew from events of before, under another id: known by the address. Who came later is a new person.
    early = make_person(EMAIL)
    assert main(["erase", "--again", "--yes"]) == 0
    assert Person.objects.filter(email=EMAIL).exists(), "came after the erasure"
    Person.objects.filter(pk=early.pk).update(created_at=utc_now() - timedelta(days=30))
    assert main(["erase", "--again", "--yes"]) == 0
    assert not Person.objects.filter(email=EMAIL).exists()
    assert main(["erase", "--again", "--yes"]) == 0
    assert "Nobody who was erased is back." in capsys.readouterr().out


def test_the_server_answers_only_who_carries_its_token(store: DuckDBEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(enforce_csrf_checks=True)  # a command has no cookie
    person = make_person(EMAIL)
    monkeypatch.setattr(internal, "_token", "secret")
    key = {"Authorization": "Bearer secret"}
    assert client.post(f"/internal/erase?person={EMAIL}").status_code == 404
    assert client.get(f"/internal/erase/preview?person={EMAIL}").status_code == 404
    seen = client.get(f"/internal/erase/preview?person={EMAIL}", headers=key).json()
    assert (seen["person"], seen["confirm"]) == (str(person.pk), EMAIL)
    assert client.get("/internal/erase/preview?person=nobody", headers=key).status_code == 400
    assert client.get("/internal/erase/preview?again=1", headers=key).json() == []
    told = client.post(f"/internal/erase?person={EMAIL}", headers=key).json()
    assert told["is_finished"] is False
    assert client.get(f"/internal/erasures/{told['id']}").status_code == 404
    assert client.get(f"/internal/erasures/{told['id']}", headers=key).json() == told
