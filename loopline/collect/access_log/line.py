"""One line of a web server's access log: common or combined format, as Apache and nginx write them.

Lines come from strangers: they chose path, referrer and agent. The form is matched in one pass without going back over
what was read, and what does not fit is refused with a reason rather than guessed at.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

LONGEST = 16 << 10
"""Bytes in a line; web servers themselves refuse requests of half that length."""

_QUOTED = rb'"([^"\\]*(?:\\.[^"\\]*)*)"'
_LINE = re.compile(
    # Some write the site in front: `www.example.com:443 10.0.0.1 - - […`.
    rb"(?:([\w.-]+:\d{1,5}) )?([^\s-]\S*) \S+ [^\[]*"
    rb"\[([^\]]{17,40})\] " + _QUOTED + rb" (\d{3}) (?:\d+|-)"
    rb"(?: " + _QUOTED + rb" " + _QUOTED + rb"(?: .*)?)?\s*",
    re.DOTALL,
)
_TIME = re.compile(rb"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(?: ([+-])(\d\d)(\d\d))?")
_MONTHS = {
    name.encode(): place for place, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_CONTROLS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"v": b"\v", b"f": b"\f"}


class UnreadableLineError(ValueError):
    """The line is none of an access log; the message says what is wrong with it."""


class LogLine(NamedTuple):
    site: str
    """Host in front of the line; empty in the usual formats."""
    address: bytes
    """Whoever asked: an address or a name, as it stands there."""
    at: datetime
    method: str
    target: str
    """What was asked for: `/path?query`, rarely a whole address."""
    status: int
    referrer: str
    agent: str
    rest: bytes
    """The line from its time on: without address and user name."""


def read_line(line: bytes, zone: tzinfo | None = None) -> LogLine:
    """The parts of a line. `zone` is for logs whose times have no offset. Raises UnreadableLineError."""
    if len(line) > LONGEST:
        raise UnreadableLineError(f"longer than {LONGEST >> 10} KB")
    found = _LINE.fullmatch(line)
    if found is None:
        raise UnreadableLineError(_reason(line))
    site, address, time, request, status, referrer, agent = found.groups()
    at = _moment(time, zone)
    method, _, asked = request.partition(b" ")
    # HTTP/0.9 has no protocol at its end; a space inside the target is wrong, but written by some.
    target, space, protocol = asked.rpartition(b" ")
    if not space or not protocol.startswith(b"HTTP/"):
        target = asked
    return LogLine(
        site=site.decode().rpartition(":")[0].lower() if site else "",
        address=address,
        at=at,
        method=_text(method),
        target=_text(target),
        status=int(status),
        referrer=_text_again(referrer or b"-"),
        agent=_text_again(agent or b"-"),
        rest=line[found.start(3) :].rstrip(),
    )


def _reason(line: bytes) -> str:
    if not line.strip():
        return "empty"
    if b"[" not in line:
        return "no time in square brackets: is this an access log?"
    if line.count(b'"') % 2:
        return "a quote is never closed: the line may be cut off"
    return "neither common nor combined log format"


@lru_cache(maxsize=4096)
def _moment(text: bytes, zone: tzinfo | None) -> datetime:
    found = _TIME.fullmatch(text)
    if found is None or found[2] not in _MONTHS:
        raise UnreadableLineError("the time is not written like 10/Oct/2025:13:55:36 +0200")
    day, _, year, hour, minute, second = (int(one) if one.isdigit() else 0 for one in found.groups()[:6])
    if found[7] is not None:
        offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
        zone = timezone(-offset if found[7] == b"-" else offset) if offset < timedelta(days=1) else None
    if zone is None:
        raise UnreadableLineError("the time has no offset from UTC; name the zone of the log with --zone")
    try:
        return datetime(year, _MONTHS[found[2]], day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnreadableLineError(f"there is no such time: {error}") from error


def _text(raw: bytes) -> str:
    """What was escaped by the server, as it was; `-` is nothing."""
    if raw == b"-":
        return ""
    if b"\\" in raw:
        raw = _ESCAPE.sub(_unescaped, raw)
    return raw.decode("utf-8", "replace")


_text_again = lru_cache(maxsize=20_000)(_text)
"""For what stands in many lines."""


def _unescaped(found: re.Match[bytes]) -> bytes:
    sign = found[1]
    if len(sign) == 3:
        return bytes([int(sign[1:], 16)])
    return _CONTROLS.get(sign, sign)
