"""The cookie by which a site's own server remembers a browser.

Browsers forget within days what a script has stored. Where the collector is reached under the site's own address it
therefore keeps the visitor's id in a cookie that only servers see, and gives it back to a tracker that lost its own.
It exists only while the visitor agrees to an identifier.
"""

import re
from dataclasses import dataclass

import msgspec

NAME = "_llv"
_LIVES_S = 400 * 24 * 3600
"""The longest a browser keeps a cookie."""
_ID = re.compile(r"[0-9a-f]{32}")
WITHDRAWN = "Consent withdrawn"
_ALLOWED_FROM = 2


class _Context(msgspec.Struct):
    consent: int | None = None


class _Event(msgspec.Struct):
    type: str = ""
    event: str = ""
    anonymousId: str = ""  # noqa: N815 - Segment's name
    context: _Context | None = None


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


def recognise(headers: dict[bytes, bytes], body: bytes) -> Recognised:
    """Compare the visitor a tracker names with the one this browser's cookie names; the cookie wins.

    Only for requests that a page sends to its own host. After a reset (somebody else uses the browser now) the
    tracker's new id takes the cookie's place; a withdrawn consent removes it.
    """
    if headers.get(b"sec-fetch-site") != b"same-origin" or _is_opted_out(headers):
        return Recognised(body)
    said = _identified(body)
    if not said:
        return Recognised(body)
    last = said[-1]
    held = _held(headers.get(b"cookie", b"")) or said[0].anonymousId
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
