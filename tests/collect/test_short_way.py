"""Ordinary event posts leave uvicorn's way. What HTTP allows must work there as everywhere, byte by byte.

`ways` counts the posts that came to the collector by either way, so that a test says which one it is about.
"""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from loopline.collect.answers import Answer
from loopline.collect.asgi import Collector, Receive, Scope, Send
from loopline.collect.inbox import Inbox, Unavailable
from loopline.collect.keys import KeyKind, NewKey
from loopline.collect.request import Request
from tests.collect.station import Station, serving

EVENT = {"event": "Signed up", "userId": "u1"}
CHUNKED = b'23\r\n{"event":"Signed up","userId":"u1"}\r\n0\r\n\r\n'


@dataclass
class Ways:
    short: int = 0
    asgi: int = 0


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Ways:
    counted = Ways()
    take, call = Collector.take, Collector.__call__

    def counting_take(self: Collector, *args: Any) -> None:
        counted.short += asyncio.current_task() is None
        take(self, *args)

    async def counting_call(self: Collector, scope: Scope, receive: Receive, send: Send) -> None:
        counted.asgi += 1
        await call(self, scope, receive, send)

    monkeypatch.setattr(Collector, "take", counting_take)
    monkeypatch.setattr(Collector, "__call__", counting_call)
    return counted


class Wire:
    """A connection on which a test writes and reads bytes."""

    def __init__(self, station: Station) -> None:
        self.socket = socket.create_connection(("127.0.0.1", int(station.url.rpartition(":")[2])), timeout=10)
        self.file = self.socket.makefile("rb")

    def write(self, content: bytes) -> None:
        self.socket.sendall(content)

    def answer(self, *, is_head: bool = False) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        status = int(self.file.readline().split()[1])
        headers: dict[str, str] = {}
        while line := self.file.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = b"" if is_head else self.file.read(int(headers.get("content-length", 0)))
        return status, headers, body

    def is_closed(self) -> bool:
        return self.file.read(1) == b""

    def close(self) -> None:
        self.file.close()
        self.socket.close()


Connect = Callable[[], Wire]


@pytest.fixture
def connect(station: Station) -> Iterator[Connect]:
    """Opens connections, which are closed in the end."""
    opened: list[Wire] = []

    def open_one() -> Wire:
        opened.append(Wire(station))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def wire(connect: Connect) -> Wire:
    return connect()


def post(
    *headers: str, body: object = EVENT, path: str = "/v1/track", version: str = "1.1", length: bool = True
) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"POST {path} HTTP/{version}", "Host: here", "Authorization: Bearer server-key", *headers]
    if length:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode() + content


def test_posts_on_one_connection_are_answered_one_after_the_other(station: Station, wire: Wire, ways: Ways) -> None:
    for _ in range(3):
        wire.write(post())
        status, headers, body = wire.answer()
        assert (status, body) == (200, b'{"success":true}')
        assert headers["content-type"] == "application/json"
        assert "date" in headers
    assert (ways.short, ways.asgi) == (3, 0)
    assert len(station.events()) == 3


def test_a_post_that_comes_in_single_bytes_is_taken_whole(station: Station, wire: Wire, ways: Ways) -> None:
    for byte in post():
        wire.write(bytes([byte]))
    assert wire.answer()[0] == 200
    assert (ways.short, ways.asgi) == (1, 0)
    assert station.events("name") == [{"name": "Signed up"}]


def test_requests_sent_ahead_are_answered_in_their_order(station: Station, wire: Wire, ways: Ways) -> None:
    get = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"
    wire.write(post() + get + post(body=b"no json") + post() + get)
    assert [wire.answer()[0] for _ in range(5)] == [200, 200, 400, 200, 200]
    assert len(station.events()) == 2


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (post("Transfer-Encoding: chunked", body=CHUNKED, length=False), 200),
        (post("Transfer-Encoding: chunked", body=CHUNKED.replace(b"{", b"["), length=False), 400),
        (post(body=EVENT | {"properties": {"long": "x" * 70_000}}), 200),
        (b"OPTIONS /v1/track HTTP/1.1\r\nHost: here\r\nOrigin: https://a.example\r\n\r\n", 204),
        (b"GET /v1/track HTTP/1.1\r\nHost: here\r\n\r\n", 405),
        (post(path="/v1/nothing"), 404),
        (post(path="/v1/track/"), 200),
    ],
)  # fmt: skip
def test_what_is_not_ordinary_goes_the_long_way(wire: Wire, ways: Ways, request_: bytes, status: int) -> None:
    wire.write(request_)
    assert wire.answer()[0] == status
    assert (ways.short, ways.asgi) == (0, 1)
    wire.write(post())
    assert wire.answer()[0] == 200
    assert (ways.short, ways.asgi) == (1, 1)


def test_a_head_of_a_page_has_no_body(wire: Wire) -> None:
    wire.write(b"HEAD /healthz HTTP/1.1\r\nHost: here\r\n\r\n" + post())
    assert wire.answer(is_head=True)[0] == 200
    assert wire.answer()[0] == 200


def test_a_sender_that_asks_before_its_body_is_told_to_go_on(wire: Wire, ways: Ways) -> None:
    head, _, body = post("Expect: 100-continue").partition(b"\r\n\r\n")
    wire.write(head + b"\r\n\r\n")
    assert wire.answer()[0] == 100
    wire.write(body)
    assert wire.answer()[0] == 200
    assert ways.asgi == 1


def test_a_sender_that_wants_the_connection_closed_gets_its_answer_first(wire: Wire, ways: Ways) -> None:
    wire.write(post("Connection: close"))
    status, headers, _ = wire.answer()
    assert (status, headers["connection"]) == (200, "close")
    assert wire.is_closed()
    assert ways.short == 1


def test_an_old_client_is_answered_and_the_connection_closed(wire: Wire) -> None:
    wire.write(post(version="1.0"))
    assert wire.answer()[0] == 200
    assert wire.is_closed()


def test_what_is_no_http_is_refused_and_the_next_connection_works(wire: Wire, connect: Connect) -> None:
    wire.write(b"HELLO\r\n\r\n")
    assert wire.answer()[0] == 400
    assert wire.is_closed()
    other = connect()
    other.write(post())
    assert other.answer()[0] == 200


def test_a_wrong_length_does_not_let_a_second_request_slip_in(station: Station, wire: Wire, connect: Connect) -> None:
    """Two lengths, or a length beside chunks: what one reader takes for a body, another takes for a request."""
    content = b"POST /v1/track HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer server-key\r\n"
    wire.write(content + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    assert wire.answer()[0] == 400
    other = connect()
    other.write(content + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}")
    assert other.answer()[0] == 400
    assert station.events() == []


def test_a_sender_that_leaves_early_harms_nobody_and_its_event_is_kept(station: Station, connect: Connect) -> None:
    for _ in range(20):
        hasty = connect()
        hasty.write(post())
        hasty.close()
    patient = connect()
    patient.write(post())
    assert patient.answer()[0] == 200
    deadline = time.monotonic() + 5
    while len(station.events()) < 21 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(station.events()) == 21


def test_half_a_body_is_never_stored(station: Station, connect: Connect) -> None:
    cut = connect()
    cut.write(post()[:-5])
    cut.close()
    whole = connect()
    whole.write(post())
    assert whole.answer()[0] == 200
    assert len(station.events()) == 1


def test_a_page_of_another_site_reads_the_answer(wire: Wire, ways: Ways) -> None:
    wire.write(post("Origin: https://shop.example"))
    _, headers, _ = wire.answer()
    assert headers["access-control-allow-origin"] == "https://shop.example"
    assert ways.short == 1


def test_the_address_of_the_sender_is_the_one_its_proxy_names(station: Station, wire: Wire, ways: Ways) -> None:
    networks = ("203.0.113.0/24",)
    _, key = station.keys.create(NewKey("partner", KeyKind.PARTNER, "unit-1", networks=networks))
    proxied = {
        "203.0.113.9": 200, "198.51.100.1, 203.0.113.9": 200, "203.0.113.9, 198.51.100.1": 403,
        "203.0.113.9, 127.0.0.1": 200, "": 403,
    }  # fmt: skip
    for named, status in proxied.items():
        wire.write(
            post(f"X-Forwarded-For: {named}", path=f"/v1/track?writeKey={key}").replace(b"Authorization", b"X-None")
        )
        assert (named, wire.answer()[0]) == (named, status)
    assert (ways.short, ways.asgi) == (len(proxied), 0)


def test_a_failure_of_the_collector_is_answered_and_logged(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(Collector, "take", fail)
        wire.write(post())
        assert wire.answer()[0] == 500
    assert "ZeroDivisionError" in caplog.text
    wire.write(post())
    assert wire.answer()[0] == 200


def test_a_commit_that_fails_is_told_to_those_who_waited_for_it(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_inbox: Inbox, _request: Request, settle: Callable[[Unavailable | None], None]) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(settle, Unavailable("disk", "The collector's disk is full.", 30))

    with monkeypatch.context() as full:
        full.setattr(Inbox, "put", refuse)
        wire.write(post())
        status, headers, body = wire.answer()
    assert (status, headers["retry-after"], json.loads(body)["code"]) == (503, "30", "disk")


def test_a_server_that_is_told_to_stop_answers_first(
    station: Station, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[Callable[[], None]] = []
    here = threading.Event()
    put = Inbox.put

    def hold(inbox: Inbox, request: Request, settle: Callable[[Unavailable | None], None]) -> None:
        loop = asyncio.get_running_loop()
        held.append(lambda: loop.call_soon_threadsafe(put, inbox, request, settle))
        here.set()

    monkeypatch.setattr(Inbox, "put", hold)
    with serving(station.collector) as url:
        station.url = url
        wire = connect()
        wire.write(post())
        assert here.wait(10)
        threading.Timer(0.5, held[0]).start()
    status, headers, _ = wire.answer()
    assert (status, headers["connection"]) == (200, "close")
    assert wire.is_closed()


def test_the_answer_is_told_once(station: Station) -> None:
    """Whatever comes of a request, its sender hears of it exactly once."""
    told: list[Answer] = []
    scope: Scope = {"headers": [(b"authorization", b"Bearer wrong")], "query_string": b"", "client": None}
    for body in (b"{}", b"[", b'{"batch": 1}'):
        station.collector.take(scope, "batch", body, told.append)
    assert [answer.status for answer in told] == [400, 400, 400]
