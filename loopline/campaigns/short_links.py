"""Short addresses of tracked links: who follows one is counted, and sent on to the page with its campaign values.

A click is an event like any other: it goes into the inbox and passes the same steps, which tell previews and crawlers
from people. It is no touchpoint: the visit that follows is one already, with the same campaign values.
"""

import logging
import secrets
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from pysqlite3 import dbapi2 as sqlite

from loopline.campaigns.models import TrackedLink
from loopline.collect.inbox import Limits
from loopline.collect.own import append_requests
from loopline.collect.request import Flag, Request
from loopline.collect.uncounted import Uncounted
from loopline.collect.web_address import read_address
from loopline.lib.ids import uuid7
from loopline.store.engine import Engine, Value

log = logging.getLogger(__name__)

SOURCE_ID = "short-link"
NAME = "Short link clicked"
_SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"
"""None that is mistaken for another when it is read out or typed."""
_LENGTH = 7
_COUNT = """
SELECT json_extract_string(nullif(properties, ''), '$.link') AS link,
    count(*) FILTER (WHERE bot_verdict NOT LIKE 'machine%') AS people,
    count(*) FILTER (WHERE bot_verdict LIKE 'machine%') AS machines
FROM events
WHERE source_id = $source AND unit_id = $unit
    AND json_extract_string(nullif(properties, ''), '$.link') IN (SELECT unnest($links))
GROUP BY link
"""
_uncounted = Uncounted()


@dataclass(frozen=True, slots=True)
class Click:
    """What came with a click. All of it is the sender's word but the address."""

    user_agent: str
    referrer: str
    ip: str
    is_opted_out: bool = False
    """Global Privacy Control or Do Not Track."""


@dataclass(frozen=True, slots=True)
class Clicks:
    people: int = 0
    machines: int = 0
    """Previews, crawlers and browsers that programs drive."""


def new_short_code() -> str:
    """A code that no link has; too many are possible for guessing to find one."""
    while True:
        code = "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))
        if not TrackedLink.objects.filter(short_code=code).exists():
            return code


def short_address(base_url: str, link: TrackedLink) -> str:
    """What people are given; empty for links from before there were short ones."""
    return f"{base_url}/l/{link.short_code}" if link.short_code else ""


def find_link(code: str) -> TrackedLink | None:
    """The link with this code, in whichever case it was typed."""
    found = TrackedLink.objects.select_related("campaign").filter(short_code=code.lower()).first()
    # Only what the link builder made is followed, and that is http or https; anything else would run in the browser.
    return found if found is not None and urlsplit(found.url).scheme in {"http", "https"} else None


def record_click(folder: Path, link: TrackedLink, address: str, click: Click) -> bool:
    """Put the click into the inbox in `folder`; True when it is on disk. One that cannot be stored is counted.

    `address` is the short address that was followed. Never raises: the person wants to see the page.
    """
    return keep_click(folder, _request(link, address, click), f"A click on the short link {link.short_code}")


def keep_click(folder: Path, request: Request, what: str) -> bool:
    """Put a request that may not fail into the inbox; True when it is on disk, else it is counted as refused."""
    reason = ""
    try:
        if shutil.disk_usage(folder).free < Limits().min_free_bytes:
            reason = "disk"
        else:
            append_requests(folder, [request])
    except (sqlite.Error, OSError) as error:
        log.error("%s could not be stored: %s", what, error)
        reason = "commit"
    if reason:
        _uncounted.count(request.source_id, reason)
    _uncounted.write(folder)
    return not reason


def clicks_of(engine: Engine, links: Collection[TrackedLink], unit_id: str) -> dict[str, Clicks]:
    """Link id → clicks ever, for the links that had any. Raises StoreError."""
    if not links:
        return {}
    params: dict[str, Value] = {"source": SOURCE_ID, "unit": unit_id, "links": [str(link.pk) for link in links]}
    rows = engine.rows(_COUNT, params)
    return {str(row["link"]): Clicks(int(str(row["people"])), int(str(row["machines"]))) for row in rows}


def _request(link: TrackedLink, address: str, click: Click) -> Request:
    source, medium, campaign, content, term = read_address(link.url).campaign
    said = {"source": source, "medium": medium, "name": campaign, "content": content, "term": term}
    body = {
        "event": NAME,
        "messageId": str(uuid7()),
        "context": {
            # Nobody was asked: mode 1, so no identifier is kept.
            "consent": 1,
            "campaign": {name: value for name, value in said.items() if value},
            "page": {"url": address, "referrer": click.referrer[:2_000]},
        },
        "properties": {"link": str(link.pk), "campaign": str(link.campaign_id), "short_code": link.short_code},
    }
    return Request(
        events=1,
        received_us=time.time_ns() // 1000,
        source_id=SOURCE_ID,
        unit_id=str(link.campaign.unit_id),
        source="browser",
        call="track",
        body=msgspec.json.encode(body),
        ip=click.ip,
        user_agent=click.user_agent[:512],
        flags=Flag.WRITTEN_HERE | (Flag.OPTED_OUT if click.is_opted_out else 0),
    )
