"""Addresses of static files carry a digest of the file, so that browsers may keep them for ever."""

import hashlib
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage


class DigestAddresses(StaticFilesStorage):
    """`{% static "loopline/app.css" %}` → /static/loopline/app.css?v=1f3c9a20. Nothing has to be collected."""

    def url(self, name: str | None) -> str:
        return f"{super().url(name)}?v={_digest(name or '')}"


@lru_cache(maxsize=256)
def _digest(name: str) -> str:
    """First characters of the SHA-256 of the file. FileNotFoundError for a name that no finder knows."""
    path = finders.find(name)
    if not isinstance(path, str):
        raise FileNotFoundError(f"there is no static file {name!r}")
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]
