"""A whole collector for tests: real HTTP, real inbox, real loader, real DuckDB."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from loopline.collect.asgi import Collector
from loopline.collect.inbox import Inbox, Limits
from loopline.collect.keys import KeyKind, Keys, NewKey
from loopline.collect.loader import Loader
from loopline.collect.quarantine import Quarantine
from loopline.collect.reactor_feed import ReactorFeed
from loopline.collect.short_way import short_way
from loopline.collect.state import State
from tests.engines import empty_duckdb
from tests.ports import free_port
from tests.store.rows import written

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"

NO_TLS = False
"""`verify` of requests to this machine: reading the world's certificates for each costs more than the request."""


class Station:
    """The parts of `loopline serve` this floor knows, wired as the server wires them."""

    def __init__(self, folder: Path, limits: Limits | None = None, *, store: Path | None = None) -> None:
        self.folder = folder
        self.inbox = Inbox(folder, limits or Limits(min_free_bytes=1))
        self.inbox.start()
        self.keys = Keys(folder)
        self.state = State(folder)
        self.engine = empty_duckdb((store or folder) / "events.duckdb")
        self.loader = Loader(self.inbox, self.engine, self.state, settings=self.keys.settings)
        self.quarantine = Quarantine(self.state, self.inbox)
        self.feed = ReactorFeed(self.state)
        self.collector = Collector(self.inbox, self.keys, self.state)
        _, self.key = self.keys.create(NewKey("server", KeyKind.SERVER, "unit-1"), plain="server-key")
        _, self.browser_key = self.keys.create(NewKey("site", KeyKind.BROWSER, "unit-1"), plain="browser-key")
        self.url = ""

    def close(self) -> None:
        self.inbox.close()
        self.keys.close()
        self.state.close()
        self.engine.close()

    def post(self, path: str, body: object, key: str | None = "server-key", **headers: str) -> httpx.Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        auth = (key, "") if key else None
        return httpx.post(self.url + path, content=data, auth=auth, headers=headers, timeout=20, verify=NO_TLS)

    def send(self, *events: dict[str, object], key: str = "server-key", **headers: str) -> None:
        answer = self.post("/v1/batch", {"batch": list(events)}, key, **headers)
        assert answer.status_code == 200, answer.text

    def events(self, columns: str = written(), where: str = "true") -> list[dict[str, object]]:
        """Everything loaded so far, after loading what waits."""
        self.loader.load_all()
        return self.engine.rows(f"SELECT {columns} FROM events WHERE {where} ORDER BY occurred_at, event_id")


@contextmanager
def serving(app: object, port: int | None = None) -> Iterator[str]:
    """A uvicorn server in a thread, as in production; yields its address."""
    port = port or free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off", ws="none",
        http=short_way(app) if isinstance(app, Collector) else "httptools",
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
