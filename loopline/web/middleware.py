"""What happens around every page: who asks, in which time zone, with which security headers, and what errors say."""

import json
import secrets
from collections.abc import Callable

from django.conf import settings
from django.contrib.messages import get_messages
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from loopline.access.actor import NotAllowedError
from loopline.access.models import Organisation, User
from loopline.lib.config import ConfigError
from loopline.store.engine import StoreError
from loopline.web.access import PageNotAllowedError
from loopline.web.api.problem import is_of_api, on_error
from loopline.web.disk_full import DISK_FULL, is_disk_full
from loopline.web.views.errors import bad_request

GetResponse = Callable[[HttpRequest], HttpResponseBase]

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"


def actor_middleware(get_response: GetResponse) -> GetResponse:
    """`request.actor`: the signed-in user as an actor, None for anonymous. Times show in the organisation's zone."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        user = request.user
        request.actor = user.actor if isinstance(user, User) else None  # type: ignore[attr-defined]
        with timezone.override(Organisation.current().time_zone):
            return get_response(request)

    return middleware


def security_headers_middleware(get_response: GetResponse) -> GetResponse:
    """A Content-Security-Policy with a fresh nonce, and the headers Django's own middleware does not set.

    A view that may stand in a frame of another site says so with Django's `@xframe_options_exempt`.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = get_response(request)
        is_frameable = getattr(response, "xframe_options_exempt", False)
        response.headers.setdefault("Content-Security-Policy", content_security_policy(nonce, is_frameable))
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        # Pages hold people's data: no proxy keeps them, and the browser asks again before it shows one.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        # One address gives htmx a part and everybody else the page: “back” must not show a part in place of the page.
        patch_vary_headers(response, ["HX-Request"])
        return response

    return middleware


def content_security_policy(nonce: str, is_frameable: bool) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors *" if is_frameable else "frame-ancestors 'none'",
        ]
    )


class ErrorPagesMiddleware:
    """Errors that tell people something get a page that says it; all others stay Django's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.path_info:
            # No text of ours holds it, and PostgreSQL refuses even to look for it.
            return bad_request(request, ValueError("The address holds a NUL."))
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if is_of_api(request):
            return on_error(request, error)
        if isinstance(error, NotAllowedError):
            roles = error.roles if isinstance(error, PageNotAllowedError) else []
            return render(request, "errors/not_allowed.html", {"message": str(error), "roles": roles}, status=403)
        if isinstance(error, (ConfigError, StoreError)):
            return _not_available(request, str(error))
        if isinstance(error, (DatabaseError, OSError)) and is_disk_full(error):
            return _not_available(request, DISK_FULL)
        return None


def _not_available(request: HttpRequest, message: str) -> HttpResponse:
    response = render(request, "errors/not_available.html", {"message": message}, status=503)
    response.headers["Retry-After"] = "30"
    return response


def htmx_messages_middleware(get_response: GetResponse) -> GetResponse:
    """A fragment brings its messages along as an event; the page shows them as toasts."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        is_fragment = bool(getattr(request, "htmx", False)) and not getattr(request, "htmx").boosted  # noqa: B009
        if is_fragment and 200 <= response.status_code < 300 and "HX-Redirect" not in response.headers:
            toasts = [{"level": one.level_tag, "text": str(one)} for one in get_messages(request)]
            if toasts and "HX-Trigger" not in response.headers:
                response.headers["HX-Trigger"] = json.dumps({"loopline:toasts": {"toasts": toasts}})
        return response

    return middleware


def is_https() -> bool:
    """Whether people reach this installation by https, as BASE_URL says."""
    return str(settings.BASE_URL).startswith("https://")
