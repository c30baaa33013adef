"""The year's visits and hand raises as the requests that a collector would have received, put into a real inbox."""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from loopline.campaigns.models import Submission
from loopline.collect.own import append_requests, own_request
from loopline.collect.request import Request
from loopline.demo import world
from loopline.demo.places import address_of
from loopline.demo.simulate import Visit
from loopline.leads.capture import form_event
from loopline.lib.batches import batches
from loopline.pipeline.interactions import own_event
from loopline.pipeline.models import Interaction

BLOCK = 400
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"
BROWSERS = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_SAFARI} Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {_CHROME} Mobile Safari/537.36",
)
CRAWLER = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"


def visit_requests(visits: Iterable[Visit], source_ids: dict[str, str], unit_ids: dict[str, str]) -> Iterator[Request]:
    """What the tracker would have sent: one request a visit, page views with their engaged time."""
    for visit in visits:
        last = visit.pages[-1]
        received_us = _microseconds(last.at) + last.engaged_ms * 1000 + 1_500_000
        yield Request(
            events=len(visit.pages) * 2,
            received_us=received_us,
            source_id=source_ids[visit.unit.key],
            unit_id=unit_ids[visit.unit.key],
            source="browser",
            call="batch",
            body=_body(visit, received_us),
            ip=address_of(visit.visitor, visit.country),
            user_agent=CRAWLER if visit.is_crawler else _browser(visit),
        )


def form_requests(submissions: Iterable[Submission]) -> Iterator[Request]:
    """What capturing a form reports about itself."""
    for submission in submissions:
        yield own_request(form_event(submission), _microseconds(submission.at))


def call_requests(calls: Iterable[Interaction]) -> Iterator[Request]:
    """What logging an answered call reports."""
    for call in calls:
        if call.was_answered:
            yield own_request(own_event(call), _microseconds(call.at))


def fill_inbox(folder: Path, requests: Iterable[Request]) -> int:
    """Put the requests into the inbox in the order in which they would have come; how many events they hold."""
    ordered = sorted(requests, key=lambda one: one.received_us)
    for block in batches(ordered, BLOCK):
        append_requests(folder, block)
    return sum(one.events for one in ordered)


def _body(visit: Visit, received_us: int) -> bytes:
    landing, referrer = _landing(visit), f"https://{visit.origin.referrer}/" if visit.origin.referrer else None
    batch: list[dict[str, object]] = []
    for number, page in enumerate(visit.pages):
        url = landing if number == 0 else f"https://{world.SITE_HOST}{page.path}"
        context: dict[str, object] = {
            "page": {"url": url, "title": page.title, "referrer": referrer if number == 0 else None},
            "view": f"{visit.session[:12]}{number}",
            "session": {"id": visit.session, "entry": number == 0, "url": landing, "referrer": referrer},
        }
        key = f"{visit.session}-{number}"
        common = {"anonymousId": visit.visitor, "context": context}
        batch.append({"type": "page", "messageId": key, "timestamp": _millis(page.at), **common})
        left_at = _microseconds(page.at) // 1000 + page.engaged_ms
        batch.append(
            {
                "type": "engaged",
                "messageId": f"{key}e",
                "timestamp": left_at,
                "engaged": page.engaged_ms,
                "scroll": _scrolled(visit, page.engaged_ms, number),
                **common,
            }
        )
    return msgspec.json.encode({"batch": batch, "context": {"consent": 2}, "sentAt": received_us // 1000})


def _landing(visit: Visit) -> str:
    origin = visit.origin
    said = {"utm_source": origin.utm_source, "utm_medium": origin.utm_medium, "utm_campaign": origin.code}
    if origin.click_id:
        said[origin.click_id] = visit.session
    query = urlencode({name: value for name, value in said.items() if value})
    return f"https://{world.SITE_HOST}{visit.pages[0].path}" + (f"?{query}" if query else "")


def _scrolled(visit: Visit, engaged_ms: int, number: int) -> int:
    """How far down a page was seen: those who stay read on."""
    if visit.is_crawler:
        return 0
    least = random.Random(f"{visit.session}{number} scrolls").randrange(15, 60)
    return min(100, least + engaged_ms // 900)


def _browser(visit: Visit) -> str:
    """A browser keeps its name: it follows from the visitor."""
    return random.Random(visit.visitor).choices(BROWSERS, [0.42, 0.2, 0.08, 0.17, 0.13])[0]


def _microseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _millis(at: datetime) -> int:
    return _microseconds(at) // 1000
