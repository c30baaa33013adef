"""Taking a visitor along from one own site to another.

A browser keeps each site's cookies to itself. So the tracker asks for a token before a link to another own site is
followed, adds it to the link, and the first page there comes with it. The token is signed, good for two minutes, and
only in the same browser at the same address: a link that somebody copies takes nobody along.
"""

import hmac
import re
from dataclasses import dataclass
from urllib.parse import parse_qs

LIVES_S = 120
_ID = re.compile(r"[0-9a-f]{32}")
_IN_ADDRESS = re.compile(rb"[?&]+_ll=([0-9a-f]{32})([0-9a-f]{8})([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Sender:
    """What a request shows of the browser it comes from."""

    user_agent: bytes
    ip: str


@dataclass(frozen=True, slots=True)
class Handover:
    secret: bytes

    def token(self, query: bytes, sender: Sender, now_s: int) -> str:
        """The token for the visitor named in the query (`hand=…`); empty when none is named."""
        visitor_id = parse_qs(query.decode("latin-1")).get("hand", [""])[0]
        if not _ID.fullmatch(visitor_id):
            return ""
        until = f"{now_s + LIVES_S:08x}"
        return visitor_id + until + self._sign(visitor_id, until, sender)

    def take(self, body: bytes, sender: Sender, now_s: int) -> tuple[bytes, str]:
        """A body without the tokens in its addresses, and the visitor that the first of them hands over, or nobody."""
        if (found := _IN_ADDRESS.search(body)) is None:
            return body, ""
        visitor_id, until, signature = (part.decode() for part in found.groups())
        is_good = int(until, 16) >= now_s and hmac.compare_digest(signature, self._sign(visitor_id, until, sender))
        return _IN_ADDRESS.sub(b"", body), visitor_id if is_good else ""

    def _sign(self, visitor_id: str, until: str, sender: Sender) -> str:
        text = b"\n".join([visitor_id.encode(), until.encode(), sender.ip.encode(), sender.user_agent])
        return hmac.digest(self.secret, text, "sha256").hex()[:32]
