"""The tracker: one small script, served with what it must know about this organisation."""

import hashlib
import json
import time
from collections.abc import Callable
from importlib.resources import files

from loopline.collect.answers import Answer, Headers
from loopline.collect.settings import Settings
from loopline.collect.tracker.shrink import shrink

SOURCE = files("loopline.collect.tracker").joinpath("t.js").read_text(encoding="utf-8")
_REFRESH_S = 30


class Tracker:
    """Answers `GET /t.js`. `settings` says which hosts are the organisation's own; it may be slow."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._small = shrink(SOURCE)
        self._made_at = float("-inf")
        self._script = b""
        self._tag = b""

    @property
    def is_stale(self) -> bool:
        return time.monotonic() - self._made_at > _REFRESH_S

    def refresh(self) -> None:
        """Make the script anew, with the settings as they are now."""
        hosts = json.dumps(sorted(self._settings().own_hosts), separators=(",", ":"))
        self._script = self._small.replace('"OWN_HOSTS"', hosts).encode()
        self._tag = b'"' + hashlib.sha256(self._script).hexdigest()[:20].encode() + b'"'
        self._made_at = time.monotonic()

    def answer(self, if_none_match: bytes) -> Answer:
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
