"""Finding the write key in a request: Basic or Bearer authorization, the query, or the body."""

import base64
from urllib.parse import parse_qs

_MAX_REMEMBERED = 1_000
_remembered: dict[bytes, str] = {}


def key_from_header(authorization: bytes) -> str:
    """The write key in an Authorization header, or empty. Basic may be written with or without the colon."""
    known = _remembered.get(authorization)
    if known is not None:
        return known
    key = _read(authorization)
    if len(_remembered) >= _MAX_REMEMBERED:
        _remembered.clear()
    _remembered[authorization] = key
    return key


def _read(authorization: bytes) -> str:
    scheme, _, value = authorization.decode("latin-1").partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode("utf-8")
    except ValueError:  # no base64, not even ASCII, or no text in it
        return ""
    return text.partition(":")[0]


def key_from_query(query: bytes) -> str:
    if b"writeKey" not in query:
        return ""
    return parse_qs(query.decode("latin-1")).get("writeKey", [""])[0]
