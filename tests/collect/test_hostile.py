"""What strangers may send to hold up everybody else, or to be known although they did not agree to it."""

import json
from datetime import timedelta

import pytest

from loopline.collect.archive import without_address
from loopline.lib.times import utc_now
from tests.collect.station import Station

TOO_LARGE = 123_456_789_012_345_678_901_234_567_890
PAGE = {"url": "https://www.example.com/?gclid=Cj0KCQ", "title": "Home"}


@pytest.mark.parametrize("number", [TOO_LARGE, -TOO_LARGE])
@pytest.mark.parametrize("place", ["traits", "context"])
def test_a_number_that_no_field_can_hold_does_not_stop_the_loader(station: Station, number: int, place: str) -> None:
    traits = {"seats": number, "deep": [{"more": number}]}
    kind, said = ("identify", {"traits": traits}) if place == "traits" else ("form", {"context": {"traits": traits}})
    station.send({"type": kind, "userId": "u1", "messageId": "m1", **said})
    station.send({"type": "track", "event": "Signed", "userId": "u1", "messageId": "m2"})
    assert [row["event_id"] for row in station.events("event_id")] == ["m1", "m2"]
    assert station.state.position() == 2
    [signal] = station.feed.read(0)
    assert str(number) in json.dumps(signal.traits)


def test_a_form_with_a_number_out_of_range_in_its_traits_is_heard_by_the_reactor(station: Station) -> None:
    body = (
        b'{"batch":[{"type":"identify","userId":"u1","traits":{"a":1e999,"b":"\\u0000x"}},'
        b'{"type":"alias","userId":"u1","previousId":"\\u0000' + b"y" * 500 + b'"}]}'
    )
    assert station.post("/v1/batch", body).status_code == 200
    station.events()
    for signal in station.feed.read(0):
        assert "\x00" not in json.dumps(signal.traits, allow_nan=False) + signal.previous_id
        assert len(signal.previous_id) <= 200


def test_the_archive_takes_bodies_with_an_address_and_anything_beside_it() -> None:
    body = b'{"batch":[{"context":{"ip":"203.0.113.9"},"traits":{"a":"\\ud800x","b":%d}}]}' % TOO_LARGE
    archived = without_address(body)
    assert b"203.0.113.9" not in archived
    assert str(TOO_LARGE).encode() in archived


@pytest.mark.parametrize("authorization", ["Basic é", "Basic ÿÿÿÿ", "Basic =", "Bearer é", "Digest x"])
def test_an_authorization_that_is_none_is_refused_in_words(station: Station, authorization: str) -> None:
    answer = station.post("/v1/track", {"event": "E", "userId": "u"}, None, authorization=authorization.encode())  # type: ignore[arg-type]
    assert answer.status_code == 401


def test_values_that_cannot_be_keys_are_not_remembered(station: Station) -> None:
    assert station.keys.lookup("x" * 500_000) is None
    assert "x" * 500_000 not in station.keys._found


def test_without_an_identifier_the_click_of_an_advertisement_is_not_kept_either(station: Station) -> None:
    for consent in (1, 2):
        event = {"type": "page", "anonymousId": "v1", "messageId": f"m{consent}", "context": {"page": PAGE}}
        station.post("/e", {"batch": [event], "context": {"consent": consent}}, "browser-key")
    rows = {row["event_id"]: row for row in station.events()}
    assert rows["m1"]["click_id_kind"] == rows["m2"]["click_id_kind"] == "gclid"
    assert "Cj0KCQ" not in str(rows["m1"])
    assert "Cj0KCQ" in str(rows["m2"]["properties"])
    assert rows["m1"]["occurred_at"] > utc_now() - timedelta(minutes=5)  # type: ignore[operator]
