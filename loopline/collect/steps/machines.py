"""A first verdict: human or machine. Events of machines are kept; figures leave them out and say so.

Later verdicts about a visitor are facts of their own (`bot_verdict_facts`).
"""

import logging
from functools import lru_cache

from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from ua_parser_rs import UserAgentExtractor

from loopline.collect.event_form import as_text
from loopline.collect.networks import Networks, read_networks
from loopline.collect.request import Flag
from loopline.collect.steps.places import address_of, told_place
from loopline.collect.work import Item, Work

HUMAN = "human"
DATA_CENTRE = "data_centre"
"""Kept in `properties` under `_loopline.network`."""

log = logging.getLogger(__name__)


def tell_machines(work: Work) -> None:
    path = work.settings.data_centres
    networks = networks_at(path) if path else None
    for item in work.items:
        item.user_agent = _user_agent_of(item)
        item.bot_verdict = verdict(item)
        address = address_of(item)
        if networks is not None and networks.holds(address) if address else told_place(item)[1]:
            # The address itself goes; this is what is kept of it.
            item.corrections = {**(item.corrections or {}), "network": DATA_CENTRE}
            if item.kind == "email" and item.bot_verdict == HUMAN:
                # Mails are checked in data centres and read at desks.
                item.bot_verdict = "machine:data_centre"


def networks_at(path: str) -> Networks | None:
    try:
        return read_networks(path)
    except (OSError, UnicodeDecodeError):
        # A hint that is missing must not hold up events; the server refuses to start without the file.
        log.exception("The networks of data centres cannot be read; events go on without that hint")
        return None


def verdict(item: Item) -> str:
    """`human`, or `machine:` with the reason: what one event says by itself."""
    request = item.request
    if request.source == "loopline":
        said = item.event.loopline.bot_verdict if item.event.loopline else HUMAN
        if said != HUMAN or not request.had_address:
            return said
        # A link or a picture in a mail: what asked for it shows itself as a browser does.
    is_allowed = bool(request.flags & Flag.AUTOMATION_ALLOWED)
    agent = item.user_agent
    if not agent:
        # A server speaks for a person without being one; a browser always says what it is.
        return HUMAN if request.source in {"server", "partner"} else "machine:no_user_agent"
    if names_a_crawler(agent.replace("HeadlessChrome", "Chrome") if is_allowed else agent):
        return "machine:crawler"
    if item.context.webdriver and not is_allowed:
        return "machine:webdriver"
    return HUMAN


def _user_agent_of(item: Item) -> str:
    """The browser's name for itself: what a server passes on, or the header of the browser's own request."""
    passed_on = item.context.userAgent
    if item.request.source in {"browser", "loopline"} and item.request.user_agent:
        return item.request.user_agent
    return as_text(passed_on, 512) if passed_on is not None else ""


@lru_cache(maxsize=20_000)
def names_a_crawler(agent: str) -> bool:
    """Whether the list of crawlers knows this user agent; it tells letters apart by case."""
    return _crawlers().extract(agent) is not None


@lru_cache(maxsize=1)
def _crawlers() -> UserAgentExtractor:
    """All patterns of crawlers as one set: 1 µs an agent instead of the 100 µs of one pattern after another."""
    return UserAgentExtractor([(one["pattern"], None, None, None, None, None) for one in CRAWLER_USER_AGENTS_DATA])
