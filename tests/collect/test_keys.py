"""Write keys: shown once, stored as a digest, changed by any process."""

from pathlib import Path

import pytest

from loopline.collect.channels import Condition, Rule
from loopline.collect.keys import KeyKind, KeyRefusedError, Keys, NewKey
from loopline.collect.tracker import Tracker


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def test_the_key_itself_is_stored_nowhere(keys: Keys, tmp_path: Path) -> None:
    key_id, plain = keys.create(NewKey("shop", KeyKind.SERVER, "unit-1"))
    found = keys.lookup(plain)
    assert found is not None
    assert (found.id, found.name, found.unit_id) == (key_id, "shop", "unit-1")
    keys.close()
    assert plain.encode() not in b"".join(one.read_bytes() for one in tmp_path.iterdir())


def test_a_key_with_a_given_value_is_made_once(keys: Keys) -> None:
    first = keys.create(NewKey("demo", KeyKind.BROWSER, "unit-1"), plain="demo-key")
    assert keys.create(NewKey("demo", KeyKind.BROWSER, "unit-1"), plain="demo-key") == first
    assert len(keys.list()) == 1


def test_changes_of_another_process_are_seen(keys: Keys, tmp_path: Path) -> None:
    elsewhere = Keys(tmp_path)
    assert keys.lookup("new-key") is None
    key_id, _ = elsewhere.create(NewKey("new", KeyKind.SERVER, "unit-1"), plain="new-key")
    keys.refresh()
    assert keys.lookup("new-key") is not None
    elsewhere.revoke(key_id)
    keys.refresh()
    assert keys.lookup("new-key") is None


def test_a_revoked_key_stays_on_the_list_with_its_time(keys: Keys) -> None:
    key_id, _ = keys.create(NewKey("old", KeyKind.SERVER, "unit-1"))
    assert keys.revoke(key_id)
    assert not keys.revoke(key_id)
    assert keys.list()[0].revoked_at is not None


def test_the_last_use_is_written_down(keys: Keys) -> None:
    _, plain = keys.create(NewKey("shop", KeyKind.SERVER, "unit-1"))
    assert keys.list()[0].last_used_at is None
    keys.lookup(plain)
    assert keys.list()[0].last_used_at is not None


@pytest.mark.parametrize("origin", ["example.com", "ftp://example.com", "https://example.com/path", "https://"])
def test_what_is_no_origin_is_refused_with_an_example(keys: Keys, origin: str) -> None:
    with pytest.raises(KeyRefusedError, match=r"https://www\.example\.com"):
        keys.create(NewKey("site", KeyKind.BROWSER, "unit-1", (origin,)))


def test_a_key_needs_a_name_and_a_unit(keys: Keys) -> None:
    with pytest.raises(KeyRefusedError):
        keys.create(NewKey(" ", KeyKind.SERVER, "unit-1"))


def test_the_organisations_rules_and_hosts_are_kept(keys: Keys) -> None:
    rule = Rule("fair", "Event", ((Condition("campaign", "contains", ("fair",)),),))
    keys.set_channel_rules([])
    keys.set_channel_rules([rule])
    keys.set_own_hosts([" Shop.Example.com "])
    settings = keys.settings()
    assert (settings.channel_rules.rules, settings.channel_rules.number) == ((rule,), 2)
    assert settings.own_hosts == {"shop.example.com"}
    tracker = Tracker(keys.settings)
    tracker.refresh()
    assert b"shop.example.com" in tracker.answer(b"").body
