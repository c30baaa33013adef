"""The tracker: one small script, served with what it must know about this organisation."""

import hashlib
import json
import re
import time
from importlib.resources import files

from loopline.collect.answers import Answer, Headers
from loopline.collect.keys import Keys

SOURCE = files("loopline.collect.tracker").joinpath("t.js").read_text(encoding="utf-8")
_REFRESH_S = 30
# Pay and sign-in pages send people back with themselves as the referrer.
PASS_THROUGH_HOSTS = (
    "checkout.stripe.com", "pay.stripe.com", "paypal.com", "klarna.com", "adyen.com", "mollie.com",
    "accounts.google.com", "login.microsoftonline.com", "login.live.com", "appleid.apple.com", "auth0.com", "okta.com",
)  # fmt: skip


def strip_script(source: str) -> str:
    """The script without comment lines and indentation. Line ends stay: they may end statements."""
    lines = (line.strip() for line in source.splitlines())
    kept = [line for line in lines if line and not line.startswith("//")]
    return re.sub(r"\n(?=[}\])?:.,&|])|(?<=[{(\[,;:?&|=])\n", "", "\n".join(kept))


class Tracker:
    """Answers `GET /t.js`."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._stripped = strip_script(SOURCE)
        self._made_at = 0.0
        self._script = b""
        self._tag = b""

    def answer(self, if_none_match: bytes) -> Answer:
        now = time.monotonic()
        if not self._script or now - self._made_at > _REFRESH_S:
            self._made_at = now
            self._make()
        headers: Headers = (
            (b"content-type", b"text/javascript; charset=utf-8"),
            (b"cache-control", b"public, max-age=3600"),
            (b"etag", self._tag),
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"access-control-allow-origin", b"*"),
            (b"x-content-type-options", b"nosniff"),
        )
        if if_none_match == self._tag:
            return Answer(304, b"", headers)
        return Answer(200, self._script, headers)

    def _make(self) -> None:
        hosts = json.dumps(sorted({*self._keys.own_hosts(), *PASS_THROUGH_HOSTS}), separators=(",", ":"))
        # `</script` cannot occur in a host, and the file is never placed inside a page.
        self._script = self._stripped.replace('"OWN_HOSTS"', hosts).encode()
        self._tag = b'"' + hashlib.sha256(self._script).hexdigest()[:20].encode() + b'"'
