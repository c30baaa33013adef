"""Write keys and incoming data with something in them, looked at in every width and theme."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from loopline.access.roles import Role
from loopline.collect.keys import KeyKind, NewKey
from loopline.demo.mmdb import write_mmdb
from loopline.web import collector
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import HOSTILE, LONG, Company
from tests.browser.watch import Complaints
from tests.collect.station import Station, serving

pytestmark = pytest.mark.browser
OPENED = (collector.keys, collector.state, collector.log, collector.quarantine)


@pytest.fixture
def incoming(filled_site: Company, tmp_path: Path, settings: Any) -> Iterator[Station]:
    for one in OPENED:
        one.cache_clear()
    places = (tmp_path / "places.mmdb", tmp_path / f"{LONG}.mmdb")
    write_mmdb(places[0], {"203.0.113.0/24": {"country_code": "NO"}}, kind=HOSTILE, built_s=1_790_000_000)
    settings.CONFIG = replace(settings.CONFIG, data=tmp_path, places=tuple(map(str, places)))
    station = Station(tmp_path)
    unit_id = str(filled_site.units[0].pk)
    networks = ("203.0.113.0/24", "2001:db8::/32")
    shop = NewKey(LONG[:100], KeyKind.BROWSER, unit_id, ("https://www.halden.example",), networks=networks)
    station.keys.create(replace(shop, max_events_per_s=50))
    gone, _ = station.keys.create(NewKey(HOSTILE, KeyKind.SERVER, unit_id))
    station.keys.revoke(gone)
    with serving(station.collector) as url:
        station.url = url
        event: dict[str, object] = {"type": "track", "event": "Paid", "userId": "u1", "messageId": "m1"}
        station.send(event, event, {**event, "event": LONG}, {"type": HOSTILE, "name": LONG})
        station.post("/v1/track", b"{", "browser-key")
        station.events()
        station.send(event)
    yield station
    station.close()
    for one in OPENED:
        one.cache_clear()


def test_keys_books_and_an_event_are_sound(
    incoming: Station, filled_site: Company, sign_in: SignIn, shoot: Look
) -> None:
    [key] = [one for one in incoming.keys.list() if one.max_events_per_s]
    aside = incoming.quarantine.waiting()[0]
    page = sign_in(filled_site.users[Role.ADMINISTRATOR])
    complaints = Complaints(page)
    addresses = {
        "write_keys_filled": reverse("write_keys"),
        "write_key": reverse("write_key", args=[key.id]),
        "incoming_filled": reverse("incoming"),
        "set_aside_event": reverse("set_aside_event", args=[aside.id]),
    }
    for name, address in addresses.items():
        page.goto(address)
        shoot(page, name)
    assert complaints.all == []
