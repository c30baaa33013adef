"""Write keys and incoming data, as administrators see and mend them."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import AuditEntry
from loopline.access.roles import Role
from loopline.collect.keys import KeyKind, NewKey
from loopline.demo.mmdb import write_mmdb
from loopline.web import collector
from tests.collect.station import Station, serving
from tests.make import make_unit, make_user

pytestmark = pytest.mark.django_db
NASTY = "<script>alert(1)</script>"


@pytest.fixture
def incoming(tmp_path: Path, settings: Any) -> Iterator[Station]:
    """A running collector whose files the pages read."""
    opened = (collector.keys, collector.state, collector.log, collector.quarantine)
    for one in opened:
        one.cache_clear()
    settings.CONFIG = replace(settings.CONFIG, data=tmp_path)
    station = Station(tmp_path)
    with serving(station.collector) as url:
        station.url = url
        yield station
    station.close()
    for one in opened:
        one.cache_clear()


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_user(Role.ADMINISTRATOR, unit=make_unit()))
    return client


def send_of_everything(station: Station) -> None:
    station.send({"type": "track", "event": "Paid", "userId": "u1"}, {"type": NASTY, "name": NASTY})
    station.post("/v1/track", b"{", "browser-key")
    while not collector.log().refused():  # written down within a second
        time.sleep(0.05)
    station.events()
    station.send({"type": "track", "event": "Paid", "userId": "u1"})


def test_the_page_shows_books_that_balance_by_key(incoming: Station, client: Client) -> None:
    send_of_everything(incoming)
    text = client.get(reverse("incoming")).content.decode()
    assert "Balanced" in text
    assert "1 stored + 0 duplicates + 0 left out + 1 set aside + 1 refused + 1 on the way = 4 came in" in text
    assert '<span title="invalid_json">not readable as JSON</span> 1' in text
    incoming.state.change("UPDATE tallies SET events = 0 WHERE outcome = 'stored'")
    assert "Does not balance: 1 not accounted for" in client.get(reverse("incoming")).content.decode()


def test_an_event_is_shown_in_full_and_harmless_mended_and_on_record(incoming: Station, client: Client) -> None:
    send_of_everything(incoming)
    [one] = incoming.quarantine.waiting()
    address = reverse("set_aside_event", args=[one.id])
    assert address in client.get(reverse("incoming")).content.decode()
    text = client.get(address).content.decode()
    assert "must be one of" in text
    assert "&lt;script&gt;alert(1)" in text
    assert NASTY not in text
    for wrong, why in (("{", "not JSON"), ("[1]", "is an object"), ('{"type": "trakc"}', "must be one of")):
        assert why in client.post(address, {"event": wrong}).content.decode()
    mended = {"type": "page", "name": "Home", "anonymousId": "v1"}
    assert "mended" in client.post(address, {"event": json.dumps(mended)}, follow=True).content.decode()
    assert "Home" in {row["name"] for row in incoming.events()}
    entry = AuditEntry.objects.get(verb="mended quarantined event")
    assert entry.detail["changed"] == ["anonymousId", "name", "type"]
    assert "Check and send through" not in client.get(address).content.decode()
    assert client.post(address, {"event": json.dumps(mended)}).status_code == 200
    assert client.get(reverse("set_aside_event", args=[10**30])).status_code == 404


@pytest.mark.parametrize("role", [Role.MARKETING, Role.SALES, Role.SALES_MANAGER, Role.FINANCE])
def test_only_administrators_look_at_events_and_keys(incoming: Station, role: Role) -> None:
    send_of_everything(incoming)
    client = Client()
    client.force_login(make_user(role, unit=make_unit()))
    [key] = [one for one in incoming.keys.list() if one.name == "server"]
    for address in (reverse("set_aside_event", args=[2]), reverse("write_key", args=[key.id])):
        assert client.get(address).status_code == 403
        assert client.post(address, {"name": "x", "event": "{}"}).status_code == 403
        assert Client().get(address).status_code == 302


def test_a_key_is_changed_on_its_page(incoming: Station, client: Client) -> None:
    unit = make_unit()
    key_id, plain = incoming.keys.create(NewKey("shop", KeyKind.SERVER, str(unit.pk)))
    address = reverse("write_key", args=[key_id])
    assert 'value="shop"' in client.get(address).content.decode()
    given = {"name": "Web shop", "origins": "", "networks": "203.0.113.0/24\n10.0.0.1", "max_events_per_s": "50"}
    text = client.post(address, given, follow=True).content.decode()
    assert "203.0.113.0/24" in text
    assert "at most 50 a second" in text
    assert incoming.post("/v1/track", {"event": "E", "userId": "u"}, plain).status_code == 403
    assert AuditEntry.objects.get(verb="changed write key").detail["networks"] == ["203.0.113.0/24", "10.0.0.1"]
    assert "write an address or a network" in client.post(address, {**given, "networks": "x"}).content.decode()
    incoming.keys.revoke(key_id)
    assert client.get(address).status_code == 404


def test_a_key_of_a_unit_that_is_not_there_is_not_found(incoming: Station, client: Client) -> None:
    [key] = [one for one in incoming.keys.list() if one.name == "server"]
    assert client.get(reverse("write_key", args=[key.id])).status_code == 404
    assert client.post(reverse("write_key_revoke", args=[key.id])).status_code == 404


def test_the_page_says_which_places_files_are_in_use_and_which_are_not(
    incoming: Station, client: Client, settings: Any, tmp_path: Path
) -> None:
    assert "LOOPLINE_PLACES" in client.get(reverse("incoming")).content.decode()
    write_mmdb(tmp_path / "good.mmdb", {"203.0.113.0/24": {"country_code": "NO"}}, kind=NASTY, built_s=1_790_000_000)
    (tmp_path / "broken.mmdb").write_bytes(b"broken")
    paths = tuple(str(tmp_path / name) for name in ("good.mmdb", "broken.mmdb", "none.mmdb"))
    settings.CONFIG = replace(settings.CONFIG, places=paths)
    text = client.get(reverse("incoming")).content.decode()
    assert text.count("not in use") == 2
    assert "no MMDB file" in text
    assert "There is no such file" in text
    assert NASTY not in text
