"""The cookie by which a site's own server remembers a browser.

Browsers forget within days what a script has stored. Where the collector is reached under the site's own address it
therefore keeps the visitor's id in a cookie that only servers see, and gives it back to a tracker that lost its own.
It exists only while the visitor agrees to an identifier.
"""

import re
from dataclasses import dataclass, replace

import msgspec

from loopline.collect.web_address import read_address

NAME = "_llv"
_LIVES_S = 400 * 24 * 3600
"""The longest a browser keeps a cookie."""
_ID = re.compile(r"[0-9a-f]{32}")
WITHDRAWN = "Consent withdrawn"
_ALLOWED_FROM = 2


class _Page(msgspec.Struct, frozen=True):
    url: str = ""
    referrer: str = ""


class _Context(msgspec.Struct):
    consent: int | None = None
    page: _Page = _Page()


class _Event(msgspec.Struct):
    type: str = ""
    event: str = ""
    anonymousId: str = ""  # noqa: N815 - Segment's name
    context: _Context | None = None

    @property
    def comes_from_elsewhere(self) -> bool:
        """A page that a link on another site led to."""
        page = self.context.page if self.context else _Page()
        hosts = read_address(page.referrer).host, read_address(page.url).host
        return self.type == "page" and hosts[0] not in {"", hosts[1]}


class _Batch(msgspec.Struct):
    batch: list[_Event]


_decode = msgspec.json.Decoder(_Batch).decode


@dataclass(frozen=True, slots=True)
class Recognised:
    """A request with the visitor it really came from."""

    body: bytes
    cookie: bytes = b""
    """Value of `Set-Cookie`; empty when the cookie stays as it is."""
    visitor_id: str = ""
    """What the tracker should go on with; empty when it knows."""


def recognise(headers: dict[bytes, bytes], body: bytes, handed: str = "") -> Recognised:
    """Compare the visitor a tracker names with the one another own site handed over, or this browser's cookie names.

    Both win over the tracker. The cookie only plays with requests that a page sends to its own host. After a reset
    (somebody else uses the browser now) the tracker's new id takes the cookie's place; a withdrawn consent removes it.
    """
    is_own_host = headers.get(b"sec-fetch-site") == b"same-origin"
    if not (is_own_host or handed) or _is_opted_out(headers):
        return Recognised(body)
    said = _identified(body)
    if not said:
        return Recognised(body)
    known = handed if said[0].comes_from_elsewhere else ""
    held = known or (_held(headers.get(b"cookie", b"")) if is_own_host else "") or said[0].anonymousId
    found = _compare(said, held, body)
    return found if is_own_host else replace(found, cookie=b"")


def _compare(said: list[_Event], held: str, body: bytes) -> Recognised:
    last = said[-1]
    resets = [place for place, one in enumerate(said) if one.type == "reset"]
    before_reset = said[: resets[0]] if resets else said
    for stray in {one.anonymousId for one in before_reset} - {held}:
        # The tracker made this id at random for want of the real one, so it stands for nothing else in the body.
        body = body.replace(stray.encode(), held.encode())
    if last.event == WITHDRAWN:
        return Recognised(body, _cookie("", 0))
    if resets:
        return Recognised(body, _cookie(last.anonymousId, _LIVES_S))
    return Recognised(body, _cookie(held, _LIVES_S), "" if last.anonymousId == held else held)


def _is_opted_out(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1"


def _identified(body: bytes) -> list[_Event]:
    """The events of visitors who agreed to an identifier, in order. None where the body is not the tracker's."""
    try:
        events = _decode(body).batch
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []
    return [
        one
        for one in events
        if one.context is not None and (one.context.consent or 0) >= _ALLOWED_FROM and _ID.fullmatch(one.anonymousId)
    ]


def _held(cookies: bytes) -> str:
    for pair in cookies.decode("latin-1").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == NAME and _ID.fullmatch(value):
            return value
    return ""


def _cookie(value: str, lives_s: int) -> bytes:
    return f"{NAME}={value}; Max-Age={lives_s}; Path=/; HttpOnly; Secure; SameSite=Lax".encode()
