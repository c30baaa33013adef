"""Who may open a view. `@allow(Permission.SEE_REPORTS)` stands on every view that is not public."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.models import User
from loopline.access.roles import PERMISSIONS, Permission, Role

P = ParamSpec("P")


class PageRequest(HttpRequest):
    """A request of somebody who is signed in: what a view behind `@allow` receives."""

    actor: Actor
    user: User
    htmx: HtmxDetails
    csp_nonce: str


class AllowedView(Protocol):
    """A view that says who may open it."""

    permissions: tuple[Permission, ...]


class PageNotAllowedError(NotAllowedError):
    """The signed-in person may not open this page; holds which roles may."""

    def __init__(self, permissions: tuple[Permission, ...]) -> None:
        self.roles = roles_with(permissions)
        super().__init__(f"This page is open to: {', '.join(role.label.lower() for role in self.roles)}.")


def roles_with(permissions: tuple[Permission, ...]) -> list[Role]:
    """The roles that hold at least one of the permissions; all roles when none is named."""
    return [role for role in Role if not permissions or PERMISSIONS[role] & set(permissions)]


def allow(
    *permissions: Permission,
) -> Callable[[Callable[Concatenate[PageRequest, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Let in signed-in people who hold at least one of `permissions`; with none named, everybody signed in.

    Anonymous people are sent to the sign-in page, others get a page that says who may (403).
    """

    def decorate(view: Callable[Concatenate[PageRequest, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            actor: Actor | None = getattr(request, "actor", None)
            if actor is None:
                return _to_sign_in(request)
            if permissions and not any(actor.may(one) for one in permissions):
                raise PageNotAllowedError(permissions)
            return view(cast(PageRequest, request), *args, **kwargs)

        cast(AllowedView, guarded).permissions = permissions
        return guarded

    return decorate


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Sign in first, then come back. A fragment asks htmx to move the whole page there."""
    has_users = User.objects.exists()
    sign_in = reverse("account_login" if has_users else "welcome")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": sign_in})
    if not has_users:
        return redirect(sign_in)
    back = request.get_full_path() if request.method == "GET" else reverse("today")
    return redirect_to_login(back, sign_in)
