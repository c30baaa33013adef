"""One bad event among a thousand: 999 are stored, one is set aside as it came, and can be sent through again."""

import json

import pytest

from loopline.collect.archive import without_address
from loopline.collect.body import MAX_BYTES
from loopline.collect.quarantine import Quarantined
from loopline.collect.request import Request
from loopline.collect.trace import event_text
from tests.collect.station import Station

_HEAD = b'{"type":"track","event":"Bad","userId":"u","messageId":"bad","properties":'


def bad(properties: bytes) -> bytes:
    return _HEAD + properties + b"}"


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def keys(count: int) -> bytes:
    return b"{" + b",".join(b'"%d":1' % number for number in range(count)) + b"}"


KINDS = {
    "huge": (bad(b'{"x":"' + b"x" * 800_000 + b'"}'), "too_large"),
    "deep": (bad(nested(500)), "too_deep"),
    "deeper than any parser goes": (bad(nested(50_000)), "too_deep"),
    "NaN": (bad(b'{"x":NaN,"y":1}'), "invalid_number"),
    "infinite": (bad(b'{"x":-Infinity}'), "invalid_number"),
    "half a surrogate pair": (bad(b'{"x":"\\ud83d"}'), "invalid_text"),
    "half a surrogate pair in a key": (bad(b'{"\\uDE00":1}'), "invalid_text"),
    "NUL": (bad(b'{"x":"a\\u0000b"}'), "invalid_text"),
    "NUL as a byte": (bad(b'{"x":"a\x00b"}'), "invalid_text"),
    "as many keys as fit": (bad(keys(85_000)), "too_large"),
    "many short keys": (bad(b"{" + b'"":1,' * 6_000 + b'"":1}'), "too_many_keys"),
    "no JSON": (bad(b'{"x":tru}'), "invalid_json"),
}
MENDED = {"huge", "deep", "NaN", "infinite", "half a surrogate pair", "NUL", "NUL as a byte", "many short keys"}


def batch(event: bytes) -> bytes:
    good = [b'{"type":"track","event":"Good","userId":"u","messageId":"m%d"}' % number for number in range(999)]
    return b'{"batch":[' + b",".join([*good[:500], event, *good[500:]]) + b'],"context":{"consent":2}}'


@pytest.mark.parametrize("kind", KINDS)
def test_one_bad_event_in_a_thousand_costs_only_itself(station: Station, kind: str) -> None:
    event, reason = KINDS[kind]
    assert station.post("/v1/batch", batch(event)).json() == {"success": True}
    assert len(station.events("event_id")) == 999
    [kept] = station.quarantine.waiting()
    assert (kept.reason, kept.raw) == (reason, event)
    assert kept.detail
    looked_at_harmless(kept)
    station.quarantine.replay()
    station.events()
    rows = station.events("properties", "event_id = 'bad'")
    assert len(rows) == (1 if kind in MENDED or "key" in kind else 0)
    assert len(station.quarantine.waiting()) == 1 - len(rows)


def looked_at_harmless(kept: Quarantined) -> None:
    shown = event_text(kept.raw)
    shown.encode()
    assert "\x00" not in shown


def test_a_million_keys_are_more_than_a_body_may_hold_and_are_refused_alone(station: Station) -> None:
    """In a body of its own the sender hears of it; past the door it would be set aside like any other."""
    event = bad(keys(1_000_000))
    assert len(event) > MAX_BYTES
    refused = station.post("/v1/track", event)
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
    station.inbox.append_now([Request(1000, 1, "key", "unit", "server", "batch", batch(event))])
    assert len(station.events("event_id")) == 999
    assert station.quarantine.counts() == {"too_large": 1}


@pytest.mark.parametrize("kind", ["huge", "deep", "NaN", "half a surrogate pair", "NUL", "NUL as a byte"])
def test_a_bad_event_by_itself_is_set_aside_just_so(station: Station, kind: str) -> None:
    event, reason = KINDS[kind]
    assert station.post("/v1/track", event).status_code == 200
    assert station.events() == []
    assert station.quarantine.counts() == {reason: 1}


def test_a_form_is_mended_at_once_since_somebody_raised_a_hand(station: Station) -> None:
    for form in (b'{"x":NaN}', b'{"x":"\\ud83d\\u0000"}'):
        event = b'{"type":"form","name":"Contact","anonymousId":"v","properties":' + form + b"}"
        assert station.post("/v1/batch", b'{"batch":[' + event + b"]}", "browser-key").status_code == 200
    assert len(station.events()) == 2
    assert station.quarantine.counts() == {}


def test_whole_surrogate_pairs_and_backslashes_are_nothing_bad(station: Station) -> None:
    station.send({"type": "track", "event": "E \U0001f600", "userId": "u", "properties": {"x": "\\u0000 \\ud83d"}})
    [row] = station.events("name, properties")
    assert row == {"name": "E \U0001f600", "properties": json.dumps({"x": "\\u0000 \\ud83d"}, separators=(",", ":"))}


@pytest.mark.parametrize("body", [b'{"batch":[{"a":tru}]}', b'{"batch":[{"a":"]}', b'{"batch":[{}'])
def test_where_no_event_is_json_the_sender_hears_of_it(station: Station, body: bytes) -> None:
    refused = station.post("/v1/batch", body)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_json")


def test_what_is_no_json_takes_no_address_into_the_archive() -> None:
    event = '{"context":{"ip":"203.0.113.9"},"properties":{"x":NaN}}'
    for body in (json.dumps(event), json.dumps({"batch": [event, {"context": {"ip": "203.0.113.9"}}]})):
        archived = without_address(body.encode())
        assert b"203.0.113.9" not in archived
        json.loads(archived)
