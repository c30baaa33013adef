"""The short way of an ordinary event post: from uvicorn's HTTP parser straight to the collector, and back.

Through ASGI such a request costs a task, an event, a future and a dozen messages, more than all the collector does
with it. Here are only posts to the collector's paths that come with their length, small, and one after the other.
Everything else (pages, other methods, chunked and large bodies, `Expect`, a request sent before the last one was
answered, a sender that does not read its answers) goes uvicorn's way; so do time limits, keep-alive and the shutdown.
"""

import asyncio
import logging
from collections.abc import Coroutine, MutableMapping
from functools import partial
from typing import Any, ClassVar, cast

from uvicorn import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from loopline.collect.answers import Answer, failure
from loopline.collect.asgi import CALLS, Collector

_LARGEST = 64 << 10
_CALLS = {path.encode(): call for path, call in CALLS.items()}
_FAILED = failure(500, "failed", "The collector failed at this request; the log says why. Send it again later.")

log = logging.getLogger(__name__)


class _Post:
    """A request on the short way. Stands where uvicorn's protocol keeps its own kind and has what it looks at."""

    message_event = asyncio.Event()
    """Set by uvicorn for whoever awaits a body; here nobody does."""

    def __init__(self, call: str, *, keep_alive: bool) -> None:
        self.call = call
        self.keep_alive = keep_alive
        self.body = bytearray()
        self.more_body = True
        self.disconnected = False
        self.response_complete = False


class ShortWay(HttpToolsProtocol):
    """One connection. Use `short_way(collector)`, which names the collector."""

    collector: ClassVar[Collector]

    def __init__(self, config: Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._proxies = _Proxies(config.forwarded_allow_ips or "127.0.0.1") if config.proxy_headers else None

    def on_headers_complete(self) -> None:
        path, _, query = self.url.partition(b"?")
        call = _CALLS.get(path)
        if call is None or not self._is_ordinary():
            super().on_headers_complete()
            return
        self.scope["query_string"] = query
        post = _Post(call, keep_alive=self.parser.should_keep_alive())
        self.cycle = cast(Any, post)

    def _is_ordinary(self) -> bool:
        parser, waiting = self.parser, self.cycle
        length = next((value for name, value in self.headers if name == b"content-length"), b"")
        return (
            parser.get_method() == b"POST"
            and length.isdigit()
            and int(length) <= _LARGEST
            and (waiting is None or waiting.response_complete)
            and not self.pipeline
            and not self.expect_100_continue
            and not self.flow.write_paused
            and parser.get_http_version() == "1.1"
            and not parser.should_upgrade()
            and self.limit_concurrency is None
        )

    def on_message_complete(self) -> None:
        super().on_message_complete()
        post: Any = self.cycle
        if not isinstance(post, _Post) or post.response_complete:
            return
        tell = partial(self._tell, post)
        try:
            if self._proxies is not None:
                self._proxies.apply(self.scope)
            self.collector.take(cast(Any, self.scope), post.call, bytes(post.body), tell)
        except Exception:  # as uvicorn does: the sender is told, the log says why, the connection goes on
            log.exception("The collector failed at a request")
            tell(_FAILED)

    def _tell(self, post: _Post, answer: Answer) -> None:
        """Send the answer. Called once, in the event loop, perhaps long after the request came."""
        post.response_complete = True
        if post.disconnected:
            return
        parts = [STATUS_LINE[answer.status]]
        for name, value in (*self.server_state.default_headers, *answer.headers):
            parts += (name, b": ", value, b"\r\n")
        if not post.keep_alive:
            parts.append(b"connection: close\r\n")
        parts.append(b"content-length: %d\r\n\r\n%b" % (len(answer.body), answer.body))
        self.transport.write(b"".join(parts))
        if not post.keep_alive:
            self.transport.close()
        self.on_response_complete()


class _Proxies:
    """What uvicorn's middleware reads from the headers of trusted proxies, for a request that no ASGI carries."""

    def __init__(self, trusted: list[str] | str) -> None:
        self._middleware = ProxyHeadersMiddleware(cast(Any, _nothing), trusted)

    def apply(self, scope: Any) -> None:
        """Let `client` and `scheme` say who asked the proxy."""
        reading: Coroutine[Any, Any, None] = self._middleware(scope, cast(Any, None), cast(Any, None))
        try:
            reading.send(None)
        except StopIteration:
            return


async def _nothing(_scope: MutableMapping[str, Any], _receive: object, _send: object) -> None:
    return


def short_way(collector: Collector) -> type[ShortWay]:
    """The protocol to give uvicorn as `http`, for an application whose posts to the collector go to `collector`."""

    class Way(ShortWay):
        pass

    Way.collector = collector
    return Way
