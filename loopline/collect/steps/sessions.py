"""Which visit an event belongs to.

A session starts at a visitor's first event, after 30 minutes without one, or when a new campaign value, click id or
external referrer arrives. Our tracker knows this best and sends the session; for other senders it is worked out
here. An event without anything of the web (a server's `track`) joins an open session but never starts one: nobody
visited.
"""

import struct
from hashlib import blake2b
from typing import Self

import msgspec

from loopline.collect.channels import Visit
from loopline.collect.event_form import as_text
from loopline.collect.web_address import read_address
from loopline.collect.work import Item, Work

_PAUSE_US = 30 * 60 * 1_000_000
NOWHERE = ("", "", "")
_JOINED_BY_OWN = {"form", "page", "track", "identify"}


class OpenSession(msgspec.Struct, array_like=True, gc=False):
    """The latest session of a visitor."""

    id: str
    started_us: int
    last_us: int
    landing_path: str
    click_id: str
    visit: Visit
    also: str = ""
    """The id under which the tracker goes on with this session after a pay or sign-in page."""
    place: tuple[str, str, str] = NOWHERE
    """Country, region and owner of the network, from the first event that came with an address."""

    def holds(self, moment_us: int) -> bool:
        return self.started_us - _PAUSE_US <= moment_us <= self.last_us + _PAUSE_US

    def gone_on(self, moment_us: int) -> Self | None:
        """The session, lasting until `moment_us`; None when it lasted as long before."""
        if moment_us <= self.last_us:
            return None
        self.last_us = moment_us
        return self


_NUMBER = struct.Struct(">q").unpack
_decode = msgspec.json.Decoder(OpenSession).decode
_encode = msgspec.json.Encoder().encode


def build_sessions(work: Work) -> None:
    keys = [_visitor_key(item) for item in work.items]
    stored = work.state.sessions([key for key in set(keys) if key is not None])
    known = {key: _decode(value) for key, value in stored.items()}
    changed: set[int] = set()
    for item, key in zip(work.items, keys, strict=True):
        session = item.context.session
        if session is not None:
            item.session_id = as_text(session.id, 64) if item.consent >= 2 else ""
            item.is_entry = session.entry and item.kind == "page" and not (key is None and _came_back(item))
        if key is None:
            item.is_entry = item.is_entry or _is_anonymous_entry(item)
            continue
        current = known.get(key)
        if current is not None and item.session_id:
            rejoined = _rejoined(item, current)
            if rejoined is not current:
                known[key] = current = rejoined
                changed.add(key)
        latest = _follow_tracker(item, current) if item.session_id else _work_out(item, current)
        latest = _placed(item, latest, current)
        if latest is not None:
            known[key] = latest
            changed.add(key)
    work.session_changes = {key: _encode(known[key]).decode() for key in changed}


def _came_back(item: Item) -> bool:
    """Whether this visit began with a referrer that brings nobody, such as a pay page or another own site."""
    session, page = item.context.session, item.context.page
    if session is None or item.visit.says_something:
        return False
    came_from = read_address(as_text(page.referrer, 2_000)).host if page is not None else ""
    return bool(session.referrer) or came_from not in {"", item.url_host}


def _visitor_key(item: Item) -> int | None:
    visitor = item.visitor_id or item.user_id
    if not visitor or (item.source == "loopline" and item.kind not in _JOINED_BY_OWN):
        return None
    return visitor_key(item.request.unit_id, visitor)


def visitor_key(unit_id: str, visitor: str) -> int:
    """What a visitor's latest session is remembered under."""
    key: int
    (key,) = _NUMBER(blake2b(f"{unit_id}\n{visitor}".encode(), digest_size=8).digest())
    return key


def _is_anonymous_entry(item: Item) -> bool:
    """Without an identifier a page counts as the start of a visit when something outside led to it."""
    return item.kind == "page" and item.context.session is None and item.visit.says_something


def _rejoined(item: Item, current: OpenSession) -> OpenSession:
    """The tracker knows no pay and sign-in pages, and each own site has cookies of its own: for the tracker somebody
    who comes from one of these begins a new visit."""
    if item.session_id not in {current.id, current.also} and _came_back(item) and current.holds(item.occurred_us):
        current = msgspec.structs.replace(current, also=item.session_id)
    if item.session_id == current.also:
        item.session_id, item.landing_path, item.is_entry = current.id, current.landing_path, False
        item.visit, item.click_id = current.visit, current.click_id
    return current


def _follow_tracker(item: Item, current: OpenSession | None) -> OpenSession | None:
    if current is not None and current.id == item.session_id:
        return current.gone_on(item.occurred_us)
    if current is not None and item.occurred_us < current.last_us:
        return None
    return _opened(item, item.session_id)


def _placed(item: Item, latest: OpenSession | None, current: OpenSession | None) -> OpenSession | None:
    """An event without an address, such as a sent form, was where its visit was. Returns `latest`, with its place."""
    session = latest or current
    if session is None or session.id != item.session_id:
        return latest
    if item.country or item.network_company:
        if session.place == NOWHERE:
            return msgspec.structs.replace(session, place=(item.country, item.region, item.network_company))
    elif session.place != NOWHERE:
        item.country, item.region, item.network_company = session.place
    return latest


def _opened(item: Item, session_id: str) -> OpenSession:
    moment = item.occurred_us
    return OpenSession(session_id, moment, moment, item.landing_path, item.click_id, item.visit)


def _work_out(item: Item, current: OpenSession | None) -> OpenSession | None:
    """Join the visitor's open session, or start one. Returns what has changed about the visitor's latest session."""
    visit = item.visit
    # A browser library repeats the referrer of the page with every event: only a different one is new.
    is_new_origin = visit.says_something and (current is None or visit != current.visit)
    if current is not None and current.holds(item.occurred_us) and not is_new_origin:
        item.session_id, item.landing_path = current.id, current.landing_path
        item.visit, item.click_id = current.visit, current.click_id
        return current.gone_on(item.occurred_us)
    if item.source == "loopline" or not (item.kind == "page" or item.url_host or visit.says_something):
        return None
    item.session_id = _session_id(item)
    item.is_entry = True
    item.landing_path = item.url_path
    if current is not None and item.occurred_us < current.last_us:
        return None
    return _opened(item, item.session_id)


def _session_id(item: Item) -> str:
    text = f"{item.request.unit_id}\n{item.visitor_id or item.user_id}\n{item.occurred_us}"
    return blake2b(text.encode(), digest_size=16).hexdigest()
