"""How fast a token may ask, and what each answer says of that: `RateLimit-*`, and `Retry-After` if need be."""

import math
from collections import Counter
from threading import Lock

from django.http import HttpRequest

from loopline.access.models import AccessToken
from loopline.web.api.problem import too_many
from loopline.web.floods import Flood

CALLS_OF_ONE = Flood("api", rate=5, burst_s=20)
"""A token may ask a hundred times at once, then five times a second: reports over many events cost seconds each."""
AT_ONCE = 3
"""Calls of one token that are being answered at the same time: people's pages wait for the same threads."""
_at_work: Counter[str] = Counter()
_lock = Lock()


def keep_to_a_pace(request: HttpRequest, token: AccessToken) -> None:
    """Count this call, and that it is being answered until `leave`. Raises ApiError when it is one too many."""
    key = str(token.pk)
    wait_s = CALLS_OF_ONE.wait_of(key)
    request.pace = _said(CALLS_OF_ONE.left_of(key))  # type: ignore[attr-defined]
    if wait_s:
        raise too_many(wait_s)
    with _lock:
        is_in = _at_work[key] < AT_ONCE
        _at_work[key] += is_in
    if not is_in:
        raise too_many(CALLS_OF_ONE.counted(1))
    request.at_work = key  # type: ignore[attr-defined]


def leave(request: HttpRequest) -> None:
    """The call, if it was let in, is answered."""
    key = getattr(request, "at_work", "")
    if key:
        with _lock:
            _at_work[key] -= 1
            if not _at_work[key]:
                del _at_work[key]


def pace_of(request: HttpRequest) -> dict[str, str]:
    """Headers that say how many calls the token has left; none where no token in force asked."""
    pace: dict[str, str] = getattr(request, "pace", {})
    return pace


def _said(left: float) -> dict[str, str]:
    most = CALLS_OF_ONE.rate * CALLS_OF_ONE.burst_s
    return {
        "RateLimit-Limit": str(round(most)),
        "RateLimit-Remaining": str(max(0, math.floor(left))),
        "RateLimit-Reset": str(math.ceil((most - left) / CALLS_OF_ONE.rate)),
    }
