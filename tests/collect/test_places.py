"""Where an address is, from any MMDB file; and that the address is gone once it was looked up."""

import json
import logging
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from loopline.cli.commands import doctor
from loopline.collect.archive import restore, tidy
from loopline.collect.loader import Loader
from loopline.collect.places import NOWHERE, Place, Places, look_at
from loopline.collect.settings import Settings
from loopline.collect.told_place import read_told
from loopline.demo.mmdb import write_mmdb
from loopline.lib.config import read_config
from loopline.lib.times import utc_now
from tests.collect.station import CHROME, Station

MAXMIND = {
    "country": {"iso_code": "DE", "names": {"en": "Germany"}, "geoname_id": 2921044},
    "subdivisions": [{"iso_code": "BY", "names": {"de": "Bayern", "en": "Bavaria"}}],
    "location": {"latitude": 48.1, "time_zone": "Europe/Berlin"},
}
FLAT = {"country": "Norway", "country_code": "NO", "region": "Oslo", "asn": "AS64500", "as_name": "Nordlys Fiber AS"}
BUILT = 1_790_000_000
ASN = {"autonomous_system_number": 64501, "autonomous_system_organization": "Isar Netze GmbH"}


def mmdb(path: Path, networks: dict[str, Any], **more: Any) -> str:
    write_mmdb(path, networks, kind="Test-City", built_s=BUILT, **more)
    return str(path)


def opened(*paths: str) -> Places:
    places = Places(paths)
    places.follow_changes()
    return places


@pytest.mark.parametrize(
    ("record", "place"),
    [
        (MAXMIND, Place("DE", "Bavaria", "")),
        ({"country": {"iso_code": "FR"}, "subdivisions": [{"iso_code": "IDF"}]}, Place("FR", "IDF", "")),
        (FLAT, Place("NO", "Oslo", "Nordlys Fiber AS")),
        ({"country": "SE", "region": "Skåne", "asn": "AS1", "name": "Öre Net"}, Place("SE", "Skåne", "Öre Net")),
        ({"country_code": "us", "state1": "Ohio"}, Place("US", "Ohio", "")),
        (ASN, Place("", "", "Isar Netze GmbH")),
        ({"traits": {"organization": "Halden AS", "isp": "Telco"}, "country": {"iso_code": "NO"}},
         Place("NO", "", "Halden AS")),
        ({"isp": "Telco", "organization": "Halden AS"}, Place("", "", "Halden AS")),
        ({"name": "only a name"}, NOWHERE),
    ],
)  # fmt: skip
def test_both_layouts_tell_country_region_and_owner_of_the_network(
    record: dict[str, Any], place: Place, tmp_path: Path
) -> None:
    places = opened(mmdb(tmp_path / "one.mmdb", {"203.0.113.0/24": record, "2001:db8::/32": record}))
    assert [places.find(one) for one in ("203.0.113.7", "::ffff:203.0.113.7", "2001:db8::7")] == [place] * 3
    assert [places.find(one) for one in ("203.0.112.7", "2001:db9::7", "", "nothing", "127.0.0.1")] == [NOWHERE] * 5


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"country_code": "N0"}, NOWHERE),
        ({"country_code": "NORWAY"}, NOWHERE),
        ({"country_code": ["NO"]}, NOWHERE),
        ({"country": {"iso_code": {"a": 1}}, "subdivisions": {"0": "x"}}, NOWHERE),
        ({"country_code": "NO", "region": "a\x00b\n\rc" + "x" * 500}, Place("NO", "a b c" + "x" * 115, "")),
        ({"country_code": "NO", "region": 7, "subdivisions": ["x"]}, Place("NO", "", "")),
        ({"as_name": "<script>alert(1)</script>"}, Place("", "", "<script>alert(1)</script>")),
        ({"country_code": "İI"}, NOWHERE),
        ({"region": "of no country"}, NOWHERE),
        ("a text", NOWHERE),
        (["a", "list"], NOWHERE),
    ],
)
def test_values_that_make_no_sense_say_nothing(record: Any, place: Place, tmp_path: Path) -> None:
    assert opened(mmdb(tmp_path / "one.mmdb", {"203.0.113.0/24": record})).find("203.0.113.7") == place


def test_the_first_file_that_knows_is_believed_and_a_region_stays_with_its_country(tmp_path: Path) -> None:
    city = mmdb(tmp_path / "city.mmdb", {"203.0.113.0/24": {"country_code": "DE"}})
    asn = mmdb(tmp_path / "asn.mmdb", {"203.0.113.0/25": ASN, "203.0.0.0/16": {**FLAT, "as_name": ""}})
    places = opened(city, asn)
    assert places.find("203.0.113.1") == Place("DE", "", "Isar Netze GmbH")
    assert places.find("203.0.113.200") == Place("DE", "", "")
    assert places.find("203.0.1.1") == Place("NO", "Oslo", "")


def test_a_file_of_ipv4_says_nothing_about_ipv6(tmp_path: Path) -> None:
    places = opened(mmdb(tmp_path / "four.mmdb", {"203.0.113.0/24": FLAT}, ip_version=4))
    assert places.find("203.0.113.1").country == "NO"
    assert places.find("2001:db8::1") == NOWHERE


def test_a_file_is_read_anew_when_it_changes_and_a_broken_one_does_not_take_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "one.mmdb"
    places = opened(mmdb(path, {"203.0.113.0/24": FLAT}))
    assert places.find("203.0.113.1").country == "NO"
    path.write_bytes(path.read_bytes()[:200])  # as if somebody copied onto it and was stopped
    places.follow_changes()
    assert places.find("203.0.113.1").country == "NO"
    assert "damaged" in caplog.text
    mmdb(path, {"203.0.113.0/24": MAXMIND})
    places.follow_changes()
    assert places.find("203.0.113.1").country == "DE"
    path.unlink()
    places.follow_changes()
    assert places.find("203.0.113.1").country == "DE"


def test_a_file_whose_inside_is_damaged_gives_places_or_nothing_and_never_fails(tmp_path: Path) -> None:
    path = tmp_path / "one.mmdb"
    mmdb(path, {f"203.0.{n}.0/24": {**MAXMIND, "n": n} for n in range(20)})
    whole = path.read_bytes()
    for place in range(0, len(whole) - 300, 7):
        path.write_bytes(whole[:place] + b"\xff\x1d\xe1" + whole[place + 3 :])
        os.utime(path, ns=(place, place))
        places = opened(str(path))
        for n in range(20):
            found = places.find(f"203.0.{n}.1")
            assert found.country in {"", "DE"} or len(found.country) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file"),
        (b"", "no MMDB file"),
        (b"x" * 5_000, "no MMDB file"),
        (b"\xab\xcd\xefMaxMind.com", "no MMDB file"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(content: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "one.mmdb"
    if content is not None:
        path.write_bytes(content)
    assert words in look_at(str(path)).trouble


def test_a_file_that_can_be_used_says_what_it_is(tmp_path: Path) -> None:
    found = look_at(mmdb(tmp_path / "one.mmdb", {"203.0.113.0/24": FLAT}))
    assert (found.kind, found.trouble) == ("Test-City", "")
    assert found.built_at is not None
    assert f"{found.built_at:%Y-%m-%d}" == "2026-09-21"


def is_old() -> bool:
    """Whether the files of these tests are, by now."""
    return utc_now().timestamp() - BUILT > 180 * 86_400


def test_doctor_names_files_that_cannot_be_used(tmp_path: Path) -> None:
    good = mmdb(tmp_path / "good.mmdb", {"203.0.113.0/24": FLAT})
    check = dict(doctor.CHECKS)["places"]
    config = read_config({"LOOPLINE_DATA": str(tmp_path), "LOOPLINE_PLACES": f" {good}, {tmp_path / 'none.mmdb'} "})
    told = [(found.verdict, "no such file" in found.text) for found in check(config)]
    assert told == [("mind" if is_old() else "fine", False), ("broken", True)]
    [found] = check(read_config({"LOOPLINE_DATA": str(tmp_path)}))
    assert (found.verdict, "LOOPLINE_PLACES" in found.text) == ("fine", True)


# Through the collector


def placed(station: Station, *paths: str) -> None:
    settings = Settings(places=paths)
    station.loader = Loader(station.inbox, station.engine, station.state, settings=lambda: settings)


def test_an_event_of_a_browser_has_the_place_of_its_address(station: Station, tmp_path: Path) -> None:
    placed(station, mmdb(tmp_path / "one.mmdb", {"127.0.0.0/8": FLAT}))
    for mode in (1, 2):
        context = {"consent": mode, "ip": "203.0.113.9", "page": {"url": "https://shop.example/"}}
        event = {"type": "page", "messageId": f"m{mode}", "anonymousId": "v1", "context": context}
        event["timestamp"] = f"2026-11-01T0{mode}:00:00Z"
        station.send(event, key="browser-key", **{"User-Agent": CHROME})
    rows = station.events("country, region, network_company, identity")
    assert [(row["country"], row["region"], row["network_company"]) for row in rows] == [
        ("NO", "Oslo", ""),  # without an identifier the network's owner goes, too
        ("NO", "Oslo", "Nordlys Fiber AS"),
    ]
    assert [row["identity"] for row in rows] == ["", "visitor:v1"]


def test_a_server_speaks_for_an_address_it_passes_on_and_not_for_its_own(station: Station, tmp_path: Path) -> None:
    placed(station, mmdb(tmp_path / "one.mmdb", {"127.0.0.0/8": FLAT, "203.0.113.0/24": MAXMIND}))
    passed_on = {"type": "track", "event": "Paid", "messageId": "m1", "userId": "u1"}
    station.send(passed_on, {**passed_on, "messageId": "m2", "userId": "u2", "context": {"ip": "203.0.113.5"}})
    rows = station.events("event_id, country", "true")
    assert {row["event_id"]: row["country"] for row in rows} == {"m1": "", "m2": "DE"}


def test_an_event_without_an_address_is_where_its_visit_is(station: Station, tmp_path: Path) -> None:
    placed(station, mmdb(tmp_path / "one.mmdb", {"203.0.113.0/24": FLAT}))
    page = {"type": "page", "anonymousId": "v1", "context": {"page": {"url": "https://shop.example/"}}}
    here = {"ip": "203.0.113.5"}
    station.send(
        {**page, "messageId": "m1", "timestamp": "2026-11-01T10:00:00Z"},
        {**page, "messageId": "m2", "timestamp": "2026-11-01T10:01:00Z", "context": page["context"] | here},
        {**page, "messageId": "m3", "timestamp": "2026-11-01T10:02:00Z", "type": "form", "name": "Asked"},
    )
    station.loader.load_all()
    station.send({"type": "track", "event": "Paid", "anonymousId": "v1", "messageId": "m4",
                  "timestamp": "2026-11-01T10:03:00Z"})  # fmt: skip
    rows = station.events("event_id, country, region, network_company")
    places = [(row["country"], row["region"], row["network_company"]) for row in rows]
    assert places == [("", "", "")] + [("NO", "Oslo", "Nordlys Fiber AS")] * 3


def test_no_file_or_a_broken_one_never_stops_collection(station: Station, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"not at all")
    placed(station, str(tmp_path / "none.mmdb"), str(broken), mmdb(tmp_path / "good.mmdb", {"127.0.0.0/8": FLAT}))
    event = {"type": "page", "messageId": "m1", "anonymousId": "v1", "context": {"consent": 2}}
    station.send(event, key="browser-key", **{"User-Agent": CHROME})
    assert [row["country"] for row in station.events("country")] == ["NO"]


ADDRESS = "198.51.100.77"


def test_a_store_that_is_loaded_anew_from_the_archive_has_the_same_places_and_verdicts(
    station: Station, tmp_path: Path
) -> None:
    """The addresses are gone by then, and the files may be others; a sender's word for a place is not taken."""
    city = mmdb(tmp_path / "one.mmdb", {"127.0.0.0/8": FLAT, "198.51.100.0/24": {**MAXMIND, **ASN}})
    (tmp_path / "centres.txt").write_text("198.51.100.0/24\n")
    settings = Settings(places=(city,), data_centres=str(tmp_path / "centres.txt"))
    station.loader = Loader(station.inbox, station.engine, station.state, settings=lambda: settings)
    page = {"type": "page", "anonymousId": "v1"}
    for mode in (1, 2):
        context = {"consent": mode, "page": {"url": "https://shop.example/"}, "looplinePlace": "SE\t\t\t"}
        said = page | {"messageId": f"b{mode}", "timestamp": f"2026-11-01T0{mode}:00:00Z", "context": context}
        station.send(said, key="browser-key", **{"User-Agent": CHROME})
    paid = {"type": "track", "event": "Paid", "userId": "u1"}
    for mode in (1, 3):
        station.send(paid | {"messageId": f"s{mode}", "context": {"consent": mode, "ip": ADDRESS}})
    batch = [paid | {"messageId": "s4", "userId": "u4", "context": {"ip": ADDRESS}}]
    assert station.post("/v1/batch", {"batch": batch, "context": {"consent": 2}}).status_code == 200
    columns = "event_id, country, region, network_company, bot_verdict, properties"
    before = sorted(map(str, station.events(columns)))
    assert [row["network_company"] for row in station.events("network_company", "event_id = 'b1'")] == [""]
    assert "Isar Netze" in str(before)

    station.loader._preparer.tidy(settings)
    tidy(station.inbox, station.state, utc_now().replace(year=2040))
    kept = b"".join(path.read_bytes() for path in files(tmp_path) if path.suffix == ".parquet")
    assert kept
    assert ADDRESS.encode() not in kept
    again = Station(tmp_path / "again")
    (tmp_path / "archive").rename(tmp_path / "again" / "archive")
    assert restore(again.inbox) == 5
    assert sorted(map(str, again.events(columns))) == before
    again.close()


@pytest.mark.parametrize("text", ["", "NO", "NO\tOslo", "NORWAY\t\t\t", "N\u00d8\t\t\t", "\t\t\t\t", "a\tb\tc\td"])
def test_what_is_no_place_says_nothing(text: str) -> None:
    assert read_told(text) == (NOWHERE, False)


def test_the_address_is_nowhere_once_its_event_is_loaded(
    station: Station, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    placed(station, mmdb(tmp_path / "one.mmdb", {"198.51.100.0/24": FLAT}))
    spoken_for = {"context": {"ip": ADDRESS, "page": {"url": "https://shop.example/"}}, "userId": "u1"}
    hidden = (
        b'{"type":"track","event":"x","userId":"u2","messageId":"h","context":{"\\u0069p":"%s"}}' % ADDRESS.encode()
    )
    station.send({"type": "page", "messageId": "m1", **spoken_for})
    station.send({"type": "nonsense", "messageId": "m2", **spoken_for})  # goes to the quarantine
    station.post("/v1/batch", {"batch": [{"type": "nonsense", "userId": "u1"}], "context": {"ip": ADDRESS}})
    station.post("/v1/track", hidden)
    assert ADDRESS.encode() in b"".join(path.read_bytes() for path in files(tmp_path))  # the test would notice
    assert [row["country"] for row in station.events("country")] == ["NO", "NO"]
    assert len(station.quarantine.waiting()) == 2

    preparer = station.loader._preparer
    preparer.forget_addresses(Settings())
    tidy(station.inbox, station.state, utc_now().replace(year=2040))
    assert list((tmp_path / "archive").iterdir())
    station.engine.rows("SELECT count(*) AS n FROM events")
    assert [path.name for path in files(tmp_path) if ADDRESS.encode() in path.read_bytes()] == []
    assert ADDRESS not in caplog.text
    assert ADDRESS not in json.dumps(station.events(), default=str)


@pytest.mark.parametrize("key", ["browser-key", "server-key"])
def test_an_event_that_is_replayed_from_the_quarantine_has_the_place_it_came_from(
    station: Station, tmp_path: Path, key: str
) -> None:
    """The address is gone by then; what was looked up of it went along, the network where its owner agreed to it."""
    networks = {"127.0.0.0/8": FLAT, "198.51.100.0/24": FLAT}
    settings = Settings(places=(mmdb(tmp_path / "one.mmdb", networks),))
    station.loader = Loader(station.inbox, station.engine, station.state, settings=lambda: settings)
    page = {"url": "https://shop.example/"}
    for mode in (1, 2):
        context = {"consent": mode, "ip": ADDRESS, "page": page}
        wrong = {"type": "nonsense", "messageId": f"m{mode}", "anonymousId": "v", "context": context}
        assert station.post("/v1/batch", {"batch": [wrong]}, key, **{"User-Agent": CHROME}).status_code == 200
    of_batch = {"batch": [{"type": "nonsense", "messageId": "m3", "anonymousId": "v"}],
                "context": {"consent": 1, "ip": ADDRESS, "page": page}}  # fmt: skip
    assert station.post("/v1/batch", of_batch, key, **{"User-Agent": CHROME}).status_code == 200
    station.loader.load_all()
    assert len(station.quarantine.waiting()) == 3
    kept = list(station.state.select("SELECT raw, envelope, request FROM quarantine"))
    assert not any(ADDRESS.encode() in part or b"127.0.0.1" in part for row in kept for part in row)
    assert [b"Nordlys" in b"".join(row) for row in kept] == [False, True, False]

    station.loader._preparer.forget_addresses(settings)
    station.quarantine.replay(fix=lambda event: event | {"type": "page"})
    rows = sorted(tuple(row.values()) for row in station.events("event_id, country, region, network_company"))
    owners = ("", "Nordlys Fiber AS", "")
    assert rows == [(f"m{number}", "NO", "Oslo", owner) for number, owner in enumerate(owners, start=1)]


def test_addresses_that_wait_to_be_looked_up_stay(station: Station, tmp_path: Path) -> None:
    placed(station, mmdb(tmp_path / "one.mmdb", {"198.51.100.0/24": FLAT}))
    event = {"type": "track", "event": "x", "userId": "u1", "context": {"ip": ADDRESS}}
    station.send(event | {"messageId": "m1"})
    station.loader.load_all()
    station.send(event | {"messageId": "m2"})
    station.loader._preparer.forget_addresses(Settings())
    with sqlite3.connect(tmp_path / "inbox.sqlite") as inbox:
        held = [ADDRESS.encode() in bytes(row[0]) for row in inbox.execute("SELECT requests FROM blocks ORDER BY seq")]
    inbox.close()
    assert held == [False, True]
    assert [row["country"] for row in station.events("country")] == ["NO", "NO"]


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".mmdb"]
