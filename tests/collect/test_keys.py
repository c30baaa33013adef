"""Write keys: shown once, stored as a digest, changed by any process."""

from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite

from loopline.collect.channels import Condition, Rule
from loopline.collect.keys import KeyChange, KeyKind, KeyRefusedError, Keys, NewKey
from loopline.collect.rates import Rates
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


@pytest.mark.parametrize("network", ["example.com", "203.0.113.0/40", "203.0.113", ""])
def test_what_is_no_network_is_refused_with_an_example(keys: Keys, network: str) -> None:
    with pytest.raises(KeyRefusedError, match=r"203\.0\.113\.0/24"):
        keys.create(NewKey("server", KeyKind.SERVER, "unit-1", networks=(network,)))


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("203.0.113.77", True),
        ("203.0.114.1", False),
        ("2001:db8::5", True),
        ("2001:db9::5", False),
        ("::ffff:203.0.113.5", True),
        ("", False),
        ("no address", False),
    ],
)
def test_a_key_knows_the_addresses_that_may_use_it(keys: Keys, address: str, is_allowed: bool) -> None:
    _, plain = keys.create(NewKey("server", KeyKind.SERVER, "unit-1", networks=("203.0.113.9/24", "2001:db8::/32")))
    key = keys.lookup(plain)
    assert key is not None
    assert key.networks == ("2001:db8::/32", "203.0.113.0/24")
    assert key.allows_address(address) is is_allowed


def test_a_key_can_be_changed_while_it_is_in_force(keys: Keys) -> None:
    key_id, plain = keys.create(NewKey("shop", KeyKind.BROWSER, "unit-1"))
    assert keys.change(key_id, KeyChange("Web shop", ("https://Shop.example/",), ("10.0.0.0/8",), 50))
    key = keys.lookup(plain)
    assert key is not None
    assert (key.name, key.max_events_per_s, key.allows_origin("https://shop.example")) == ("Web shop", 50, True)
    with pytest.raises(KeyRefusedError, match="name"):
        keys.change(key_id, KeyChange(" "))
    with pytest.raises(KeyRefusedError, match="limit"):
        keys.change(key_id, KeyChange("x", max_events_per_s=-1))
    keys.revoke(key_id)
    assert not keys.change(key_id, KeyChange("again"))


def test_keys_of_an_older_loopline_stay_in_force(tmp_path: Path) -> None:
    Keys(tmp_path).create(NewKey("old", KeyKind.SERVER, "unit-1"), plain="old-key")
    file = sqlite.connect(str(tmp_path / "keys.sqlite"))
    file.executescript("ALTER TABLE keys DROP COLUMN networks; ALTER TABLE keys DROP COLUMN max_events_per_s;")
    file.close()
    key = Keys(tmp_path).lookup("old-key")
    assert key is not None
    assert (key.networks, key.max_events_per_s) == ((), 0)


def test_a_key_with_a_limit_may_burst_and_then_has_to_wait(keys: Keys) -> None:
    _, plain = keys.create(NewKey("agency", KeyKind.PARTNER, "unit-1", max_events_per_s=10))
    key, now = keys.lookup(plain), [1_000.0]
    assert key is not None
    rates = Rates(lambda: now[0])
    assert rates.take(key, 99) == 0
    assert rates.take(key, 500) == 0  # a batch is not cut; the key owes what it took too much
    assert rates.take(key, 1) == 50
    now[0] += 49
    assert rates.take(key, 1) == 1
    now[0] += 2
    assert rates.take(key, 1) == 0
    now[0] += 3_600
    assert (rates.take(key, 100), rates.take(key, 1)) == (0, 1)


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
