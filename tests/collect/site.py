"""A small web site that is not Loopline's, with the tracker on its pages, for a real browser."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.collect.station import Station

SITE_SCRIPT = """
if (location.search.includes("strip")) history.replaceState({}, "", location.pathname);
document.addEventListener("DOMContentLoaded", function () {
  document.querySelectorAll("[data-go]").forEach(function (one) {
    one.onclick = function () { history.pushState({}, "", one.getAttribute("data-go")); document.title = "SPA"; };
  });
});
"""
FORM = """
<form data-loopline="Contact us" action="/thanks"><input name="email" type="email" value="Ines@Halden.no">
<input name="first_name" value="Ines"><input name="last_name" value="Halden"><input name="company" value="Halden AS">
<input name="message" value="not for you"><input type="password" name="secret" value="hunter2">
<input type="hidden" name="visitor_id"><button>Send</button></form>
"""


class Site:
    """A small web site that is not Loopline's."""

    def __init__(self, collector: str) -> None:
        self.collector = collector
        self.url = ""
        self.attributes = 'data-key="tests" data-consent="2"'
        self.early = ""
        self.extra = ""
        self.passed_on: Callable[..., Awaitable[None]] | None = None
        """The collector, when the site serves it under `/ll` of its own."""

    async def __call__(self, scope: dict[str, Any], receive: object, send: Callable[..., Awaitable[None]]) -> None:
        if self.passed_on is not None and scope["path"].startswith("/ll/"):
            await self.passed_on({**scope, "path": scope["path"].removeprefix("/ll")}, receive, send)
            return
        kind, body = "text/html", self._page(scope["path"])
        if scope["path"] == "/site.js":
            kind, body = "text/javascript", SITE_SCRIPT
        if scope["path"] == "/early.js":
            kind, body = "text/javascript", self.early
        policy = "default-src 'none'; form-action 'self'; " + (
            f"script-src 'self' {self.collector}; connect-src {self.collector}"
            if self.passed_on is None
            else "script-src 'self'; connect-src 'self'"
        )
        headers = [(b"content-type", kind.encode()), (b"content-security-policy", policy.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})

    def _page(self, path: str) -> str:
        return f"""<!doctype html><title>Page {path}</title>
        <script src="/site.js"></script><script src="/early.js"></script>
        <script async src="{self.collector}/t.js" {self.attributes}></script>
        <button id="go" data-go="/pricing">Pricing</button><a id="next" href="/next">Next</a>{self.extra}{FORM}"""


def open_page(context: BrowserContext, url: str) -> Page:
    """A page whose errors fail the test: the tracker must never disturb its host."""
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"error in the page: {error}"))
    page.on("console", lambda line: line.type != "error" or pytest.fail(f"console: {line.text}"))
    page.goto(url)
    return page


def wait_for(station: Station, count: int, where: str = "kind = 'page'") -> list[dict[str, Any]]:
    deadline = time.monotonic() + 15
    while len(rows := station.events(where=where)) < count and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(rows) == count, [(row["kind"], row["name"], row["url_path"]) for row in station.events()]
    return rows


def wait_until(page: Page, condition: str) -> None:
    """Wait for something in the page. Playwright's own way is refused by a strict policy once it has to ask again."""
    deadline = time.monotonic() + 15
    while not page.evaluate(condition) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert page.evaluate(condition), condition
