"""What the benchmarks of the collector send: ready-made HTTP requests, the same each time.

`Plain` is a server's page events, each with an id, a page, a user agent and campaign values. `Site` is what browsers
with the tracker send, with all that the steps can be busy with: visits that the tracker numbers, two clocks, consent,
devices, crawlers, referrers and campaigns, engaged time, people who say who they are, and events sent twice.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count, islice
from typing import Any, NamedTuple, Protocol

SITE = "https://www.example.com"
REPEATED = 0.01
"""Share of requests that are sent a second time."""
PAGES_IN_A_VISIT = 4
IDENTIFIED_VISITS = 0.04
CRAWLED_VISITS = 0.03
ANONYMOUS_VISITS = 0.2


class Sent(NamedTuple):
    """One HTTP request."""

    content: bytes
    events: int
    repeats: int = 0
    """Of its events, those that were sent before."""


class Traffic(Protocol):
    def requests(self, sender: int, size: int) -> Iterator[Sent]:
        """Without end: what one connection sends, `size` events in each request."""


@dataclass(frozen=True)
class Plain:
    key: str

    def requests(self, sender: int, size: int) -> Iterator[Sent]:
        call = "page" if size == 1 else "batch"
        for number in count():
            events = [self._event(sender, number, number * size + place) for place in range(size)]
            body = _json(events[0] if size == 1 else {"batch": events})
            yield Sent(_post(f"/v1/{call}", {"Host": "bench", "Authorization": f"Bearer {self.key}"}, body), size)

    def _event(self, sender: int, number: int, place: int) -> dict[str, Any]:
        visitor = place % 997
        campaign = "utm_source=google&utm_medium=cpc&utm_campaign=spring"
        page = {"url": f"{SITE}/p/{visitor % 50}?{campaign}", "title": "Pricing", "referrer": "https://www.google.com/"}
        return {
            "type": "page", "messageId": f"{sender}-{number}-{place}", "anonymousId": f"v{sender}-{visitor}",
            "properties": {"section": "pricing", "position": place}, "context": {"userAgent": AGENTS[0], "page": page},
        }  # fmt: skip


@dataclass(frozen=True)
class Site:
    """One event a request: each from its browser, through the proxy in front. More: from a server that passes on what
    several browsers told it."""

    browser_key: str
    server_key: str

    def requests(self, sender: int, size: int) -> Iterator[Sent]:
        chance = random.Random(sender)
        visits = (Browser.met(chance, f"{sender}-{number}") for number in count())
        for sent in self._passed_on(visits, size) if size > 1 else self._direct(visits):
            yield sent
            if chance.random() < REPEATED:
                yield sent._replace(repeats=sent.events)

    def _direct(self, visits: Iterator["Browser"]) -> Iterator[Sent]:
        for browser in visits:
            for event in browser.visit():
                now = _now()
                body = {"writeKey": self.browser_key, "sentAt": now, "batch": [{**event, "timestamp": now}]}
                yield Sent(_post("/e", browser.headers, _json(body)), 1)

    def _passed_on(self, visits: Iterator["Browser"], size: int) -> Iterator[Sent]:
        events = (
            {**event, "context": {**event["context"], "userAgent": browser.agent}}
            for browser in visits
            for event in browser.visit()
        )
        while True:
            now = _now()
            body = {"sentAt": now, "batch": [{**event, "timestamp": now} for event in islice(events, size)]}
            headers = {"Host": "stats.example.com", "Authorization": f"Bearer {self.server_key}"}
            yield Sent(_post("/v1/batch", headers, _json(body)), size)


@dataclass(frozen=True)
class Browser:
    """A visitor's browser, seen for one visit."""

    chance: random.Random
    name: str
    agent: str
    address: str
    consent: int

    @classmethod
    def met(cls, chance: random.Random, name: str) -> "Browser":
        is_crawler = chance.random() < CRAWLED_VISITS
        agent = CRAWLER if is_crawler else chance.choice(AGENTS).replace("141", str(chance.randint(120, 141)))
        address = f"{chance.randint(11, 99)}.{chance.randint(0, 9)}.{chance.randint(0, 9)}.{chance.randint(1, 250)}"
        return cls(chance, name, agent, address, 1 if chance.random() < ANONYMOUS_VISITS else 3)

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Host": "stats.example.com", "Connection": "keep-alive", "Content-Type": "text/plain;charset=UTF-8",
            "User-Agent": self.agent, "Accept": "*/*", "Origin": SITE, "Referer": SITE + "/",
            "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty",
            "Accept-Encoding": "gzip, deflate, br, zstd", "Accept-Language": "en-GB,en;q=0.9",
            "X-Forwarded-For": self.address, "X-Forwarded-Proto": "https",
        }  # fmt: skip

    def visit(self) -> Iterator[dict[str, Any]]:
        """The events of a visit in the tracker's form: pages with their time, a track call, perhaps an identify."""
        chance, referrer = self.chance, self.chance.choice(REFERRERS)
        query = self.chance.choice(CAMPAIGNS)
        landing = f"{SITE}/p/{chance.randint(1, 300)}"
        session = {"id": self._id("s", 0) if self.consent > 1 else None, "url": landing + query, "referrer": referrer}
        number, came = count(1), referrer
        for place in range(PAGES_IN_A_VISIT):
            url = landing + query if place == 0 else f"{SITE}/p/{chance.randint(1, 300)}"
            page = {"url": url, "title": f"Page {url[-3:]}", "referrer": came}
            context = {"page": page, "view": self._id("w", place), "webdriver": False, "consent": self.consent}
            said = [{"type": "page"}, {"type": "engaged", "engaged": chance.randint(1_000, 90_000), "scroll": 60}]
            if place == 1:
                said.append({"type": "track", "event": "Price shown", "properties": {"plan": "team", "seats": 12}})
                if self.consent > 1 and chance.random() < IDENTIFIED_VISITS:
                    email = f"person-{self.name}@company-{chance.randint(1, 5_000)}.example"
                    said.append({"type": "identify", "traits": {"email": email, "name": "Ada Example"}})
            for event in said:
                place_of_event = next(number)
                is_entry = place_of_event == 1
                visited = {**session, "number": place_of_event, "entry": is_entry}
                event |= {"messageId": self._id("m", place_of_event), "context": {**context, "session": visited}}
                if self.consent > 1:
                    event["anonymousId"] = self._id("v", 0)
                yield event
            came = url

    def _id(self, kind: str, place: int) -> str:
        return random.Random(f"{kind}-{self.name}-{place}").getrandbits(128).to_bytes(16).hex()


AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
    " Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
    " Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
)
CRAWLER = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
REFERRERS = (
    "", "", "https://www.google.com/", "https://www.bing.com/", "https://duckduckgo.com/", "https://www.linkedin.com/",
    "https://t.co/x", "https://news.ycombinator.com/", "https://chatgpt.com/", "https://blog.partner.example/post",
)  # fmt: skip
CAMPAIGNS = (
    "", "", "", "?utm_source=google&utm_medium=cpc&utm_campaign=spring&gclid=abc",
    "?utm_source=linkedin&utm_medium=paid", "?utm_source=partner-7&utm_medium=link",
    "?utm_source=newsletter&utm_medium=email&utm_campaign=june&utm_content=button",
)  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _json(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def _post(path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
