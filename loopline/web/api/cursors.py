"""Where the next page begins: a text that means something to Loopline only, and only for the same question."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any

from loopline.lib.times import parse_moment
from loopline.web.api.problem import ApiError, refused

MOST = 100
"""On one page."""
_LONGEST = 300


def cursor(*place: str | int) -> str:
    return urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def place_of(text: str, *kinds: type) -> list[Any]:
    """What `cursor` was given; ApiError for a text that it never made."""
    if len(text) > _LONGEST:  # what is nested deeply enough stops the reader of JSON, not the question
        raise not_ours()
    try:
        found = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error) as error:
        raise not_ours() from error
    if not isinstance(found, list) or [type(one) for one in found] != list(kinds):
        raise not_ours()
    return found


def moment_in(text: str) -> datetime:
    try:
        return parse_moment(text)
    except (ValueError, OverflowError) as error:
        raise not_ours() from error


def not_ours() -> ApiError:
    return refused(422, "cursor_unknown", "This cursor is not one of this list. Begin again without it.", "cursor")


def limit_of(text: str) -> int:
    if not text:
        return MOST
    if not text.isdecimal() or len(text) > len(str(MOST)) or not 1 <= int(text) <= MOST:
        raise refused(422, "option_not_usable", f"“{text[:60]}” is no number from 1 to {MOST}.", "limit")
    return int(text)
