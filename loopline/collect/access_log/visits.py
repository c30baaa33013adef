"""Which page views are one visit, where nobody has an id.

Address and agent tell visitors apart while the log is read, and no longer: they are mixed with a key that is made for
this reading and never written down, and what follows from them is only whether a page began a visit and where that
visit came from. That is what mode 1 of consent allows: no identifier is stored.
"""

import secrets
from dataclasses import dataclass
from hashlib import blake2b

from loopline.collect.web_address import is_own, read_address

PAUSE_S = 30 * 60
_MOST_OPEN = 50_000
"""Visits kept in mind at once; beyond that the ones longest without a page are forgotten."""
_NOWHERE = ("", "", "", "", "", "", "")


@dataclass(slots=True)
class Visit:
    """A visit that may go on."""

    last_s: float
    origin: tuple[str, ...]
    url: str
    """Its first page."""
    referrer: str
    """The other site that led there; empty for the site's own pages."""


class Visits:
    def __init__(self, own_hosts: frozenset[str]) -> None:
        self._own_hosts = own_hosts
        self._key = secrets.token_bytes(32)
        self._open: dict[bytes, Visit] = {}

    def place(self, who: bytes, at_s: float, url: str, referrer: str) -> tuple[Visit, bool]:
        """The visit this page view belongs to, and whether it begins there."""
        visitor = blake2b(who, digest_size=16, key=self._key).digest()
        visit = self._open.pop(visitor, None)
        origin = self._origin(url, referrer)
        # Lines are written when a request ends, so they may be a little out of order.
        is_new = visit is None or abs(at_s - visit.last_s) > PAUSE_S or origin not in (_NOWHERE, visit.origin)
        if visit is None or is_new:
            visit = Visit(at_s, origin, url, referrer if origin[-1] else "")
        visit.last_s = max(visit.last_s, at_s)
        self._open[visitor] = visit  # at the end: the first is the one longest without a page
        if len(self._open) > _MOST_OPEN:
            del self._open[next(iter(self._open))]
        return visit, is_new

    def _origin(self, url: str, referrer: str) -> tuple[str, ...]:
        """What outside led here, as a session is told apart by it: campaign values, click id, other site."""
        # Addresses of a log are nearly all different, their hosts are not: only these are worth looking up again.
        page = read_address(url if "?" in url else _without_path(url))
        host = read_address(_without_path(referrer)).host if referrer else ""
        outside = "" if is_own(host, page.host, self._own_hosts) else host
        return (*page.campaign, page.click_id, outside)


def _without_path(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
