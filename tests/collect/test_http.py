"""What the collector answers, over real HTTP."""

import base64
import gzip
import json
from dataclasses import replace

import httpx
import pytest

from loopline.collect.keys import KeyKind, NewKey
from tests.collect.station import CHROME, Station

TRACK = {"type": "track", "event": "Signed up", "userId": "u1"}


@pytest.mark.parametrize(
    "path", ["track", "identify", "page", "screen", "group", "alias", "t", "i", "p", "s", "g", "a"]
)
def test_every_single_call_is_taken(station: Station, path: str) -> None:
    body = {"userId": "u1", "previousId": "u0", "groupId": "g1", "event": "Signed up", "name": "Home"}
    assert station.post(f"/v1/{path}", body).json() == {"success": True}
    assert len(station.events()) == 1


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b", "/v1/import", "/e", "/v1/batch/"])
def test_batches_are_taken_without_a_redirect(station: Station, path: str) -> None:
    assert station.post(path, {"batch": [TRACK, TRACK]}).status_code == 200
    assert len(station.events()) == 2


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "authorization", [_basic("server-key:"), _basic("server-key"), _basic("server-key:x"), "Bearer server-key"]
)
def test_the_key_may_come_as_basic_or_bearer(station: Station, authorization: str) -> None:
    assert station.post("/v1/track", TRACK, None, authorization=authorization).status_code == 200


def test_the_key_may_come_in_the_body_or_the_query(station: Station) -> None:
    assert station.post("/v1/track", {**TRACK, "writeKey": "server-key"}, None).status_code == 200
    assert station.post("/v1/batch", {"batch": [TRACK], "writeKey": "server-key"}, None).status_code == 200
    assert station.post("/v1/track?writeKey=server-key", TRACK, None).status_code == 200
    assert len(station.events()) == 3


@pytest.mark.parametrize(("key", "code"), [(None, "no_write_key"), ("wrong", "unknown_write_key")])
def test_an_unknown_key_is_told_what_to_do(station: Station, key: str | None, code: str) -> None:
    answer = station.post("/v1/track", TRACK, key)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert "key" in answer.json()["message"]
    assert station.events() == []


def test_a_revoked_key_is_refused_and_a_new_one_taken(station: Station) -> None:
    key_id, plain = station.keys.create(NewKey("shop", KeyKind.SERVER, "unit-2"))
    assert station.post("/v1/track", TRACK, plain).status_code == 200
    station.keys.revoke(key_id)
    assert station.post("/v1/track", TRACK, plain).status_code == 401


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"\xff\xfe{\x00", "invalid_json"),
        ('{"event": "Grüße"}'.encode("latin-1"), "invalid_json"),
        (b"[]", "wrong_shape"),
        (b'"text"', "wrong_shape"),
        (b'{"batch": {}}', "wrong_shape"),
        (b'{"writeKey": 5, "batch": []}', "wrong_type"),
        (b'{"batch": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}", "too_deep"),
        (b"\x1f\x8b\x08broken", "invalid_gzip"),
        (gzip.compress(b'{"batch": []}', mtime=0)[:-9], "invalid_gzip"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_an_unreadable_body_is_refused_with_a_reason(station: Station, body: bytes, code: str) -> None:
    answer = station.post("/v1/batch", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert len(answer.json()["message"]) > 20
    assert station.inbox.last_seq() == 0


def test_gzip_is_recognised_by_itself_and_the_content_type_does_not_matter(station: Station) -> None:
    body = gzip.compress(json.dumps({"batch": [TRACK]}).encode())
    assert station.post("/v1/batch", body, **{"content-type": "text/plain"}).status_code == 200
    assert len(station.events()) == 1


@pytest.mark.parametrize("size", [1_100_000, 5_000_000])
def test_a_body_over_a_megabyte_is_refused_in_words(station: Station, size: int) -> None:
    answer = station.post("/v1/batch", json.dumps({"batch": [{"event": "x" * size}]}).encode())
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_small_body_that_unpacks_to_gigabytes_is_refused(station: Station) -> None:
    assert station.post("/v1/batch", gzip.compress(b" " * 50_000_000)).status_code == 413


def test_one_bad_event_does_not_harm_its_neighbours(station: Station) -> None:
    good = {"type": "track", "event": "Good", "userId": "u1"}
    bad: list[object] = [
        {"type": "track"},
        {"type": "nonsense"},
        7,
        None,
        {"type": "identify"},
        {"type": "page", "context": "x"},
    ]
    assert station.post("/v1/batch", {"batch": [good, *bad, good]}).status_code == 200
    assert [row["name"] for row in station.events()] == ["Good", "Good"]
    reasons = sorted(one.reason for one in station.quarantine.waiting())
    assert reasons == [
        "invalid_event",
        "invalid_event",
        "invalid_event",
        "no_event_name",
        "no_identity",
        "unknown_type",
    ]


def test_the_books_of_the_inbox_balance(station: Station) -> None:
    repeated = {**TRACK, "messageId": "m1"}
    station.send(repeated, repeated, {"type": "x"}, {**TRACK, "context": {"consent": 0}})
    station.post("/v1/batch", b"{")
    station.events()
    assert station.inbox.last_seq() == sum(station.state.counts().values()) == 4
    text = httpx.get(station.url + "/metrics").text
    for line in (
        "loopline_events_received_total 4",
        "loopline_events_stored_total 1",
        'loopline_events_dropped_total{reason="duplicate"} 1',
        'loopline_events_dropped_total{reason="no_consent"} 1',
        'loopline_events_quarantined_total{reason="unknown_type"} 1',
        'loopline_requests_refused_total{reason="invalid_json"} 1',
        "loopline_loader_lag_events 0",
    ):
        assert line in text.splitlines()


def test_nan_infinity_and_half_surrogates_are_set_aside_and_mended_when_sent_through_again(station: Station) -> None:
    properties = b'{"a":NaN,"b":Infinity,"c":"x\\u0000y"}'
    body = b'{"batch":[{"type":"track","event":"A\\ud800B","userId":"u1","properties":' + properties + b"}]}"
    assert station.post("/v1/batch", body).status_code == 200
    assert station.events() == []
    station.quarantine.replay()
    [row] = station.events()
    assert json.loads(str(row["properties"])) == {"a": None, "b": None, "c": "xy"}
    assert row["name"] == "A\N{REPLACEMENT CHARACTER}B"


def test_a_page_of_an_allowed_origin_may_read_the_answer(station: Station) -> None:
    station.keys.create(NewKey("shop", KeyKind.BROWSER, "unit-1", ("https://shop.example",)), plain="shop-key")
    allowed = station.post("/e", {"batch": [TRACK]}, "shop-key", origin="https://shop.example")
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    refused = station.post("/e", {"batch": [TRACK]}, "shop-key", origin="https://evil.example")
    assert (refused.status_code, refused.json()["code"]) == (403, "origin")
    assert "access-control-allow-origin" not in refused.headers


def test_a_key_is_bound_to_its_networks(station: Station) -> None:
    here = NewKey("here", KeyKind.SERVER, "unit-1", networks=("127.0.0.0/8",))
    station.keys.create(here, plain="here-key")
    station.keys.create(replace(here, networks=("203.0.113.0/24",)), plain="there-key")
    assert station.post("/v1/track", TRACK, "here-key").status_code == 200
    refused = station.post("/v1/track", TRACK, "there-key")
    assert (refused.status_code, refused.json()["code"]) == (403, "network")
    assert "127.0.0.1" in refused.json()["message"]


def test_more_than_a_key_may_send_is_asked_to_come_back_and_counted(station: Station) -> None:
    key_id, plain = station.keys.create(NewKey("agency", KeyKind.BROWSER, "unit-1", max_events_per_s=1))
    body = {"batch": [TRACK] * 40}
    assert station.post("/v1/batch", body, plain).status_code == 200
    refused = station.post("/v1/batch", body, plain, origin="https://shop.example")
    assert (refused.status_code, refused.json()["code"]) == (429, "rate")
    assert 29 <= int(refused.headers["retry-after"]) <= 31
    assert refused.headers["access-control-expose-headers"] == "Retry-After"
    station.post("/v1/batch", b"{", plain)
    assert station.inbox.refused() == {(key_id, "rate"): (1, 40), (key_id, "invalid_json"): (1, 1)}
    assert station.inbox.last_seq() == 40


def test_a_preflight_is_answered(station: Station) -> None:
    answer = httpx.options(station.url + "/v1/batch", headers={"origin": "https://shop.example"})
    assert answer.status_code == 204
    assert "authorization" in answer.headers["access-control-allow-headers"]


def test_other_methods_and_paths_are_told_where_events_go(station: Station) -> None:
    assert httpx.get(station.url + "/v1/batch").status_code == 405
    assert "/v1/batch" in station.post("/v1/nothing", {}).json()["message"]


def test_it_says_whether_it_is_alive_and_ready(station: Station) -> None:
    assert httpx.get(station.url + "/healthz").status_code == 200
    assert httpx.get(station.url + "/readyz").json() == {"ready": True}


def test_the_address_is_kept_in_the_inbox_only(station: Station) -> None:
    station.send({"type": "page", "anonymousId": "v1"}, key="browser-key", **{"user-agent": CHROME})
    [block] = station.inbox.read(0, 10)
    assert block.requests[0].ip == "127.0.0.1"
    assert not any("127.0.0.1" in str(value) for value in station.events()[0].values())


def test_the_segment_sdk_needs_only_its_host(station: Station) -> None:
    from segment.analytics.client import Client

    client = Client("server-key", host=station.url, sync_mode=False, upload_interval=0.05)
    client.identify("u-42", {"email": " Ines@Halden.NO ", "name": "Ines"})
    client.track("u-42", "Plan chosen", {"plan": "gold"})
    client.flush()
    client.join()
    rows = station.events("kind, name, identity, user_id, properties", "true")
    assert {(row["kind"], row["name"]) for row in rows} == {("identify", ""), ("track", "Plan chosen")}
    assert {row["user_id"] for row in rows} == {"u-42"}
    assert len(rows) == 2
    [signal] = station.feed.read(0)
    assert (signal.kind, signal.email, signal.traits["name"]) == ("identify", "ines@halden.no", "Ines")
