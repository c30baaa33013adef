"""The collector: a plain ASGI application that checks requests and puts their bytes into the inbox.

A 2xx answer means the events are on disk. Anything else says what happened and what to do, and means that nothing
of this request was stored.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import ip_address
from typing import Any, NamedTuple

import msgspec

from loopline.collect.answers import Answer, Headers, RefusedError, failure, send_answer, with_cors
from loopline.collect.body import MAX_BYTES, UnreadableError, read_body, too_large
from loopline.collect.credentials import key_from_header, key_from_query
from loopline.collect.handover import Handover, Sender
from loopline.collect.inbox import Inbox, Unavailable
from loopline.collect.keys import KeyKind, Keys, WriteKey
from loopline.collect.metrics import metrics_text
from loopline.collect.rates import Rates
from loopline.collect.request import Flag, Request
from loopline.collect.settings import Settings
from loopline.collect.state import State
from loopline.collect.tracker import Tracker
from loopline.collect.visitor_cookie import Recognised, recognise

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_CALLS = ("track", "identify", "page", "screen", "group", "alias")
CALLS: dict[str, str] = {
    "/e": "batch",
    "/v1/batch": "batch", "/v1/b": "batch", "/v1/import": "batch",
    **{f"/v1/{call}": call for call in _CALLS},
    **{f"/v1/{call[0]}": call for call in _CALLS},
}  # fmt: skip
"""Path → call of the Segment HTTP Tracking API; `/e` is where the tracker sends."""
_DRAIN_BYTES = 16 << 20
_USUAL_HEADERS = b"authorization, content-type, content-encoding"
_HEADER_NAMES = re.compile(rb"[a-z0-9-]+(?:, ?[a-z0-9-]+){0,19}")
_STORED = Answer(200, b'{"success":true}')
_encode = msgspec.json.encode


class Collector:
    """`handles(path)` says whether a request is the collector's; calling it answers the request.

    `state` is where the loader counts; without it `/metrics` shows only what the inbox knows. `settings` tells the
    tracker which hosts are the organisation's own; by default those of the write keys.
    """

    def __init__(
        self, inbox: Inbox, keys: Keys, state: State | None = None, *, settings: Callable[[], Settings] | None = None
    ) -> None:
        self._inbox = inbox
        self._keys = keys
        self._state = state
        self._tracker = Tracker(settings or keys.settings)
        self._handover = Handover(keys.secret())
        self._rates = Rates()
        self._next_refresh = 0.0
        self._next_note = time.monotonic() + 60
        self._pages: dict[str, Callable[[Scope], Awaitable[Answer]]] = {
            "/t.js": self._script,
            "/healthz": self._health,
            "/readyz": self._ready,
            "/metrics": self._metrics,
        }

    def handles(self, path: str) -> bool:
        # With a slash at its end, too: the pages would redirect it, and no sender follows that with a body.
        return path.rstrip("/") in CALLS or path in self._pages or path.startswith("/v1/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        call = CALLS.get(path) or CALLS.get(path.rstrip("/"))
        if call is not None and method == "POST":
            answer = await self._take(scope, receive, call)
        elif call is not None and method == "OPTIONS":
            answer = _preflight(scope)
        elif call is not None and method == "GET" and b"hand=" in scope["query_string"]:
            answer = self._hand_over(scope)
        elif call is not None:
            answer = failure(405, "method_not_allowed", "Send events with POST.", (b"allow", b"POST, OPTIONS"))
        elif (page := self._pages.get(path)) is not None and method in {"GET", "HEAD"}:
            answer = await page(scope)
        else:
            answer = failure(404, "not_found", f"There is no {path} here. Events go to /v1/batch or /v1/track.")
        await send_answer(send, answer, is_head=method == "HEAD")

    # Events

    async def _take(self, scope: Scope, receive: Receive, call: str) -> Answer:
        try:
            body = await _receive_body(receive, dict(scope["headers"]))
        except UnreadableError as error:
            return self._unreadable(scope, error)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.take(scope, call, body, lambda told: None if answer.done() else answer.set_result(told))
        return await answer

    def take(self, scope: Scope, call: str, body: bytes, tell: Callable[[Answer], None]) -> None:
        """Check one request and put it into the inbox. `tell` hears the answer once, and success only from the disk.

        Of `scope` it reads `headers`, `query_string` and `client`. Call it in the event loop, where `tell` is called.
        """
        headers: dict[bytes, bytes] = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        key: WriteKey | None = None
        events = 1
        try:
            checked = read_body(body, is_batch=call == "batch")
            events = checked.events
            plain = key_from_header(headers.get(b"authorization", b""))
            key = self._key(plain or checked.write_key or key_from_query(scope["query_string"]))
            self._admit(scope, key, origin, events)
            is_browser = key.kind is KeyKind.BROWSER
            known = self._recognise(scope, headers, checked.data) if is_browser else Recognised(checked.data)
            answer = _told(known) if known.cookie or known.visitor_id else _STORED
            if origin:
                answer = with_cors(answer, origin)
            if not events:
                tell(answer)
                return
            waiting = _Waiting(self, tell, answer, key.id, origin, events)
            self._inbox.put(_request(scope, headers, key, call, known.body, events), waiting.settle)
        except UnreadableError as error:
            tell(self._unreadable(scope, error))
        except Unavailable as error:
            tell(self.unavailable(error, key.id if key else "", origin, events))
        except RefusedError as error:
            self._inbox.refuse(error.code, key.id if key else "", events)
            tell(error.answer if error.code == "origin" else with_cors(error.answer, origin))

    def _unreadable(self, scope: Scope, error: UnreadableError) -> Answer:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        plain = key_from_header(headers.get(b"authorization", b"")) or key_from_query(scope["query_string"])
        key = self._keys.lookup(plain)
        self._inbox.refuse(error.code, key.id if key else "", 1)
        refused = RefusedError(error.status, error.code, str(error))
        return with_cors(refused.answer, headers.get(b"origin", b"").decode("latin-1"))

    def unavailable(self, error: Unavailable, source_id: str, origin: str, events: int) -> Answer:
        """Count a request that could not be stored; its answer."""
        self._inbox.refuse(error.reason, source_id, events)
        refused = RefusedError(503, error.reason, str(error), error.retry_after_s)
        return with_cors(refused.answer, origin)

    def _recognise(self, scope: Scope, headers: dict[bytes, bytes], body: bytes) -> Recognised:
        handed = ""
        if b"_ll=" in body:
            body, handed = self._handover.take(body, _sender(scope, headers), int(time.time()))
        return recognise(headers, body, handed)

    def _hand_over(self, scope: Scope) -> Answer:
        """A token that takes this visitor along to another own site."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        token = self._handover.token(scope["query_string"], _sender(scope, headers), int(time.time()))
        kind: Headers = ((b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"))
        return with_cors(Answer(200, token.encode(), kind), headers.get(b"origin", b"").decode("latin-1"))

    def _key(self, plain: str) -> WriteKey:
        """The key in force with this value. Raises RefusedError when there is none."""
        if (now := time.monotonic()) >= self._next_refresh:
            self._next_refresh = now + 1
            self._keys.refresh()
            if now >= self._next_note:
                self._next_note = now + 60
                asyncio.get_running_loop().run_in_executor(None, self._keys.keep_last_used)
        key = self._keys.lookup(plain) if plain else None
        if key is not None:
            return key
        if not plain:
            message = "No write key. Send it as the user name of Basic authorization or as writeKey in the body."
            raise RefusedError(401, "no_write_key", message)
        message = (
            "This write key is unknown or was revoked. Create one with: loopline keys create --name N --kind server"
        )
        raise RefusedError(401, "unknown_write_key", message)

    def _admit(self, scope: Scope, key: WriteKey, origin: str, events: int) -> None:
        """Raises RefusedError for a page, an address or a number of events that this key does not allow."""
        if origin and key.kind is KeyKind.BROWSER and not key.allows_origin(origin):
            raise RefusedError(403, "origin", f"This key may not be used on {origin}. Allow it under Write keys.")
        if key.networks:
            address = scope["client"][0] if scope.get("client") else ""
            if not key.allows_address(address):
                message = f"This key may not be used from {address or 'here'}. Allow the network under Write keys."
                raise RefusedError(403, "network", message)
        if wait_s := self._rates.take(key, events):
            message = f"This key may send {key.max_events_per_s:,} events a second. Send this again in {wait_s} s."
            raise RefusedError(429, "rate", message, wait_s)

    # Pages

    async def _script(self, scope: Scope) -> Answer:
        if self._tracker.is_stale:
            await asyncio.to_thread(self._tracker.refresh)
        return self._tracker.answer(dict(scope["headers"]).get(b"if-none-match", b""))

    async def _health(self, _scope: Scope) -> Answer:
        return Answer(200, b'{"alive":true}')

    async def _ready(self, _scope: Scope) -> Answer:
        if not self._inbox.is_writing:
            return failure(503, "stopped", "The inbox is not running.", (b"retry-after", b"5"))
        if (trouble := self._inbox.trouble) is not None:
            retry = (b"retry-after", str(trouble.retry_after_s).encode())
            return failure(503, trouble.reason, str(trouble), retry)
        return Answer(200, b'{"ready":true}')

    async def _metrics(self, scope: Scope) -> Answer:
        client = scope.get("client")
        if client and not ip_address(client[0]).is_private:
            return failure(403, "not_here", "Figures are shown only to this machine and its private network.")
        text = await asyncio.to_thread(metrics_text, self._inbox, self._state)
        return Answer(200, text.encode(), ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),))


class _Waiting(NamedTuple):
    """A request on its way to the disk, and what its sender will hear."""

    collector: Collector
    tell: Callable[[Answer], None]
    answer: Answer
    source_id: str
    origin: str
    events: int

    def settle(self, failure: Unavailable | None) -> None:
        if failure is None:
            self.tell(self.answer)
        else:
            self.tell(self.collector.unavailable(failure, self.source_id, self.origin, self.events))


async def _receive_body(receive: Receive, headers: dict[bytes, bytes]) -> bytes:
    """The whole body. One that is too large is read to its end all the same, so that the sender hears why."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body") and len(body) <= MAX_BYTES:
        return body
    parts, size = [body], len(body)
    announced = headers.get(b"content-length", b"0")
    drain = _DRAIN_BYTES if announced.isdigit() and int(announced) <= _DRAIN_BYTES else MAX_BYTES
    while message.get("more_body") and size <= drain:
        message = await receive()
        size += len(message.get("body", b""))
        if size <= MAX_BYTES:
            parts.append(message.get("body", b""))
    if message["type"] == "http.disconnect":
        raise UnreadableError(400, "cut_off", "The connection ended before the body did. Send it again.")
    if size > MAX_BYTES:
        raise too_large()
    return b"".join(parts)


def _request(scope: Scope, headers: dict[bytes, bytes], key: WriteKey, call: str, data: bytes, events: int) -> Request:
    is_browser = key.kind is KeyKind.BROWSER
    flags = Flag.AUTOMATION_ALLOWED if key.allow_automation else 0
    # Servers speak for people elsewhere: their own headers say nothing about the visitor.
    if is_browser and (headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1"):
        flags |= Flag.OPTED_OUT
    client = scope.get("client")
    return Request(
        events=events,
        received_us=time.time_ns() // 1000,
        source_id=key.id,
        unit_id=key.unit_id,
        source=key.kind.value,
        call=call,
        body=data,
        ip=client[0] if client and is_browser else "",
        user_agent=headers.get(b"user-agent", b"").decode("latin-1")[:512] if is_browser else "",
        flags=flags,
    )


def _sender(scope: Scope, headers: dict[bytes, bytes]) -> Sender:
    client = scope.get("client")
    return Sender(headers.get(b"user-agent", b""), client[0] if client else "")


def _told(known: Recognised) -> Answer:
    body = _encode({"success": True, "visitor": known.visitor_id}) if known.visitor_id else _STORED.body
    return Answer(200, body, (*_STORED.headers, (b"set-cookie", known.cookie)) if known.cookie else _STORED.headers)


def _preflight(scope: Scope) -> Answer:
    """Browsers ask first when a script sends JSON or an Authorization header; the key is checked with the request.

    Libraries add headers of their own (RudderStack: AnonymousId). Nothing is believed because of a header's name,
    so each that a browser asks for may come.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])
    asked = headers.get(b"access-control-request-headers", b"").lower()
    allowed = (
        (b"access-control-allow-methods", b"POST, OPTIONS"),
        (b"access-control-allow-headers", asked if _HEADER_NAMES.fullmatch(asked) else _USUAL_HEADERS),
        (b"access-control-max-age", b"86400"),
    )
    return with_cors(Answer(204, b"", allowed), headers.get(b"origin", b"").decode("latin-1"))
