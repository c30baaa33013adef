"""`loopline keys`, as a person runs it."""

from pathlib import Path

import pytest

from loopline.access.actor import SYSTEM
from loopline.access.models import AuditEntry
from loopline.cli.main import main
from loopline.collect.keys import Keys
from tests.make import make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOOPLINE_DATA", str(tmp_path))
    return tmp_path


def test_a_key_is_created_changed_listed_and_revoked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_unit()
    create = ["keys", "create", "--name", "shop", "--kind", "server", "--network", "203.0.113.0/24", "--limit", "50"]
    assert main(create) == 0
    plain = capsys.readouterr().out.strip()
    key = Keys(folder).lookup(plain)
    assert key is not None
    assert (key.networks, key.max_events_per_s) == (("203.0.113.0/24",), 50)
    assert main(["keys", "change", key.id, "--name", "Web shop", "--network", ""]) == 0
    changed = Keys(folder).lookup(plain)
    assert changed is not None
    assert (changed.name, changed.networks, changed.max_events_per_s) == ("Web shop", (), 50)
    capsys.readouterr()
    assert main(["keys", "list"]) == 0
    listed = capsys.readouterr().out
    assert "Web shop  (50 events/s)" in listed
    assert plain not in listed
    assert main(["keys", "revoke", key.id]) == 0
    assert Keys(folder).lookup(plain) is None
    verbs = ["created write key", "changed write key", "revoked write key"]
    assert [(one.verb, one.actor_name) for one in AuditEntry.objects.all()] == [(verb, SYSTEM.name) for verb in verbs]
    assert main(["keys", "revoke", key.id]) == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["create", "--name", "shop", "--kind", "server", "--network", "here"], "203.0.113.0/24"),
        (["create", "--name", "shop", "--kind", "server", "--limit", "-5"], "between"),
        (["change", "nothing", "--limit", "5"], "no key in force"),
    ],
)
def test_what_cannot_be_is_refused_in_words(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    make_unit()
    assert main(["keys", *words]) == 1
    assert why in "".join(capsys.readouterr())
