"""How fast a token may ask, and what each answer says of that: `RateLimit-*`, and `Retry-After` if need be."""

import math

from django.http import HttpRequest

from loopline.access.models import AccessToken
from loopline.web.api.problem import too_many
from loopline.web.floods import Flood

CALLS_OF_ONE = Flood("api", rate=5, burst_s=20)
"""A token may ask a hundred times at once, then five times a second: reports over many events cost seconds each."""


def keep_to_a_pace(request: HttpRequest, token: AccessToken) -> None:
    """Count this call. Raises ApiError when it is one too many."""
    key = str(token.pk)
    wait_s = CALLS_OF_ONE.wait_of(key)
    request.pace = _said(CALLS_OF_ONE.left_of(key))  # type: ignore[attr-defined]
    if wait_s:
        raise too_many(wait_s)


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
