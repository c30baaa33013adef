"""The Segment HTTP Tracking API, as a table: what its clients send, and what Loopline answers."""

import base64
import gzip
import json
from dataclasses import dataclass, field

import httpx
import pytest

from tests.collect.station import Station

TRACK = {"event": "Signed up", "userId": "u1", "messageId": "m1"}
BATCH = {"batch": [{"type": "track", **TRACK}], "sentAt": "2026-03-01T12:00:00Z"}


def basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


BY_COLON = basic("server-key:")


@dataclass(frozen=True)
class Sent:
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: dict(BY_COLON))


def said(path: str, body: object, **headers: str) -> Sent:
    return Sent(path, json.dumps(body).encode(), headers or dict(BY_COLON))


TAKEN = {
    "single call, Basic with a colon": said("/v1/track", TRACK),
    "Basic without a colon (analytics-ruby, curl by hand)": Sent(
        "/v1/track", json.dumps(TRACK).encode(), basic("server-key")
    ),
    "Basic with a password beside the key": Sent("/v1/track", json.dumps(TRACK).encode(), basic("server-key:secret")),
    "Bearer": said("/v1/track", TRACK, authorization="Bearer server-key"),
    "key in the body, as analytics.js": said("/v1/t", {**TRACK, "writeKey": "server-key"}, accept="*/*"),
    "key in the address": said("/v1/track?writeKey=server-key", TRACK, accept="*/*"),
    "text/plain, so that a browser does not ask first": said(
        "/v1/t", {**TRACK, "writeKey": "server-key"}, **{"content-type": "text/plain"}
    ),
    "a form's content type": said(
        "/v1/track", TRACK, **BY_COLON, **{"content-type": "application/x-www-form-urlencoded"}
    ),
    "batch": said("/v1/batch", BATCH),
    "batch by its letter": said("/v1/b", BATCH),
    "import, the old name of batch": said("/v1/import", BATCH),
    "a slash at the end": said("/v1/batch/", BATCH),
    "gzip that says so": Sent(
        "/v1/batch", gzip.compress(json.dumps(BATCH).encode()), {**BY_COLON, "content-encoding": "gzip"}
    ),
    "gzip that does not say so": Sent("/v1/batch", gzip.compress(json.dumps(BATCH).encode())),
    "JSON that says it is gzip": said("/v1/batch", BATCH, **BY_COLON, **{"content-encoding": "gzip"}),
    "fields that Loopline has no use for": said(
        "/v1/track", {**TRACK, "integrations": {"All": True}, "channel": "server"}
    ),
    "an empty batch, to see whether the key is right": said("/v1/batch", {"batch": []}),
}


@pytest.mark.parametrize("sent", TAKEN.values(), ids=TAKEN.keys())
def test_what_segment_clients_send_is_taken_and_never_redirected(station: Station, sent: Sent) -> None:
    answer = httpx.post(station.url + sent.path, content=sent.body, headers=sent.headers, follow_redirects=False)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    expected = 0 if b"[]" in sent.body else 1
    assert [row["name"] for row in station.events("name")] == ["Signed up"] * expected


REFUSED = {
    "no key": (said("/v1/track", TRACK, accept="*/*"), 401, "no_write_key"),
    "an unknown key": (said("/v1/track", TRACK, **basic("other:")), 401, "unknown_write_key"),
    "no JSON": (Sent("/v1/track", b"event=Signed+up"), 400, "invalid_json"),
    "a batch that is a list": (said("/v1/batch", [TRACK]), 400, "wrong_shape"),
    "more than a megabyte": (said("/v1/track", {**TRACK, "properties": {"x": "y" * (1 << 20)}}), 413, "body_too_large"),
    "another path": (said("/v1/tracks", TRACK), 404, "not_found"),
}


@pytest.mark.parametrize(("sent", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_only_what_cannot_be_read_or_attributed_is_refused(
    station: Station, sent: Sent, status: int, code: str
) -> None:
    answer = httpx.post(station.url + sent.path, content=sent.body, headers=sent.headers, follow_redirects=False)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["success"] is False
    assert station.events() == []


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/t", "/v1/identify", "/e", "/e/"])
def test_a_browser_that_asks_first_hears_what_it_may_send_and_for_how_long(station: Station, path: str) -> None:
    asked = {"access-control-request-headers": "anonymousid,authorization,content-type", "origin": "https://a.example"}
    answer = httpx.options(station.url + path, headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-headers"] == "anonymousid,authorization,content-type"
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert answer.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert int(answer.headers["access-control-max-age"]) == 86_400


def test_a_header_list_that_is_none_is_not_given_back(station: Station) -> None:
    answer = httpx.options(station.url + "/v1/t", headers={"access-control-request-headers": "x" + ", y" * 50})
    assert answer.headers["access-control-allow-headers"] == "authorization, content-type, content-encoding"


def test_the_context_of_a_batch_fills_what_an_events_own_leaves_open(station: Station) -> None:
    own = {"page": {"url": "https://x.co/own"}, "campaign": {"source": "own", "medium": "email"}}
    shared = {"campaign": {"source": "google", "medium": "cpc"}, "page": {"url": "https://x.co/shared"}}
    events = [{"type": "page", "anonymousId": "v1", "context": own}, {"type": "page", "anonymousId": "v2"}]
    station.post("/v1/batch", {"batch": events, "context": shared})
    rows = station.events("url_path, utm_source")
    assert sorted((str(row["url_path"]), str(row["utm_source"])) for row in rows) == [
        ("/own", "own"),
        ("/shared", "google"),
    ]


@pytest.mark.parametrize("size", [500 << 10, (1 << 20) - 300])
def test_a_body_of_a_megabyte_is_taken_and_an_event_that_fills_it_set_aside_whole(station: Station, size: int) -> None:
    event = {"type": "track", "event": "Large", "userId": "u1", "properties": {"text": "x" * (size - 200)}}
    assert station.post("/v1/batch", {"batch": [event]}).status_code == 200
    assert station.events() == []
    [kept] = station.quarantine.waiting()
    assert (kept.reason, json.loads(kept.raw)) == ("too_large", event)
    station.quarantine.replay()
    [row] = station.events()
    assert "text" in json.loads(str(row["properties"]))["_cut"]


@pytest.mark.parametrize("size", [32 << 10, 100 << 10])
def test_more_than_segments_limit_of_an_event_is_taken_and_cut(station: Station, size: int) -> None:
    event = {"type": "track", "event": "Large", "userId": "u1", "properties": {"a": 1, "text": "x" * (size - 200)}}
    assert station.post("/v1/batch", {"batch": [event]}).status_code == 200
    [row] = station.events()
    kept = json.loads(str(row["properties"]))
    assert kept["a"] == 1
    assert ("_cut" in kept) is (size > 32 << 10)


@pytest.mark.parametrize(("key", "mode"), [("server-key", 2), ("browser-key", 1)])
def test_the_categories_of_segments_consent_tools_are_no_mode(station: Station, key: str, mode: int) -> None:
    said = {"consent": {"categoryPreferences": {"Advertising": False, "Analytics": True}}}
    station.send({"type": "track", "event": "E", "anonymousId": "v1", "context": said}, key=key)
    assert [row["consent"] for row in station.events("consent")] == [mode]
    assert station.quarantine.counts() == {}
