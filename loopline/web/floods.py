"""No more from one place than people send: what is open to everyone is limited by network, and says when to come back.

A network is an IPv4 address or a /64 of IPv6. Behind a proxy it is the visitor's own, which the proxy hands on
(`LOOPLINE_PROXIES`). Limits are wide: a hall full of people may stand behind one address.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from ipaddress import ip_address, ip_network
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from loopline.access.models import Organisation
from loopline.collect.uncounted import Uncounted
from loopline.lib.buckets import Buckets
from loopline.web.api.problem import is_of_api, told, too_many

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
_PROXY_TIMES = 20
"""A proxy that is not named may send so many times what one visitor may."""
JSON = "application/json"
uncounted = Uncounted(rest_s=1)


@dataclass(slots=True)
class Flood:
    """How much of something one network may ask for. What is more is counted."""

    source_id: str
    """Under which the books count what was refused."""
    rate: float
    """Requests a second, for as long as it likes."""
    burst_s: float
    """So many seconds' worth may come at once."""
    buckets: Buckets = field(default_factory=Buckets)

    def wait_s(self, request: HttpRequest) -> int:
        """0 when this request may come; otherwise seconds to wait."""
        waits = [
            self.buckets.take(key, 1, rate=self.rate * times, burst_s=self.burst_s)
            for key, times in _askers(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))
        ]
        return self.counted(max(waits))

    def wait_of(self, key: str) -> int:
        """The same for one of somebody whom we know, wherever they ask from."""
        return self.counted(self.buckets.take(key, 1, rate=self.rate, burst_s=self.burst_s))

    def left_of(self, key: str) -> float:
        """How many more of these may come now."""
        return self.buckets.level(key, rate=self.rate, burst_s=self.burst_s)

    def counted(self, wait_s: int) -> int:
        """The same seconds, and a refusal more in the books where there are any."""
        if wait_s:
            uncounted.count(self.source_id, "flood")
        uncounted.write(settings.CONFIG.data)
        return wait_s


def limited(flood: Flood) -> Callable[[View[P]], Callable[..., HttpResponse]]:
    """Answers 429 with `Retry-After` to what is more than `flood` allows."""

    def decorate(view: View[P]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def limited_view(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            wait_s = flood.wait_s(request)
            return _refused(request, wait_s) if wait_s else view(request, *args, **kwargs)

        return limited_view

    return decorate


def _refused(request: HttpRequest, wait_s: int) -> HttpResponse:
    """A page for people; for programs, which ask for JSON or at an address of the API, the same as JSON."""
    if is_of_api(request) or request.get_preferred_type(["text/html", JSON]) == JSON:
        return told(too_many(wait_s))
    shown = {"wait_s": wait_s, "organisation": Organisation.current(), "form": {"title": "Too many at once"}}
    response = render(request, "public/too_many.html", shown, status=429)
    response.headers["Retry-After"] = str(wait_s)
    return response


def _askers(address: str, forwarded: str) -> list[tuple[str, int]]:
    """Whose buckets a request takes from, and how many times as much as a visitor each may.

    The server has put the visitor's address in the place of a proxy's that it knows. One it does not know still says
    who asked; that is believed as far as it goes: the proxy's own bucket is limited, too.
    """
    said = forwarded.rpartition(",")[2].strip()
    if said and said != address and _is_inside(address):
        return [(f"{address} for {_network(said)}", 1), (f"{address} for all", _PROXY_TIMES)]
    return [(_network(address), 1)]


def _network(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return "no address"
    return str(ip_network((ip, 64 if ip.version == 6 else 32), strict=False))


def _is_inside(address: str) -> bool:
    try:
        return not ip_address(address).is_global
    except ValueError:
        return False
