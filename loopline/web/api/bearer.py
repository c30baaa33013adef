"""Who asks: `Authorization: Bearer ll_api_…`. Each part of the API names the scope that its tokens need."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from ninja.security import HttpBearer

from loopline.access.access_tokens import TokenRefusedError, token_in_force
from loopline.access.actor import Actor
from loopline.access.books import books_for
from loopline.access.models import AccessToken
from loopline.access.roles import Permission
from loopline.access.scopes import Scope
from loopline.reports.options import Books
from loopline.web import floods
from loopline.web.api.problem import ApiError
from loopline.web.floods import Flood

CALLS_OF_ONE = Flood("api", rate=5, burst_s=20)
"""A token may ask a hundred times at once, then five times a second: reports over many events cost seconds each."""
_WHO = {"WWW-Authenticate": 'Bearer realm="Loopline"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose program asks, with which token."""

    actor: Actor
    token: AccessToken

    @property
    def books(self) -> Books:
        return books_for(self.actor)


class Bearer(HttpBearer):
    """`scope` is what the token must be for; None: any token in force."""

    def __init__(self, scope: Scope | None = None) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Caller:
        kind, _, plain = request.headers.get(self.header, "").partition(" ")
        if kind.lower() != "bearer" or not plain.strip():
            message = "Send “Authorization: Bearer ll_api_…”. You make an access token under your name › Access tokens."
            raise ApiError(401, "token_missing", message, headers=_WHO)
        return self.authenticate(request, plain.strip())

    def authenticate(self, _request: HttpRequest, token: str) -> Caller:
        try:
            found = token_in_force(token)
        except TokenRefusedError as error:
            raise ApiError(401, error.code, str(error), headers=_WHO) from error
        _keep_to_a_pace(found)
        if self.scope is not None and self.scope not in found.scopes:
            message = f"This token is not for that. Make one with the scope {self.scope}."
            raise ApiError(403, "scope_missing", message, self.scope)
        actor = found.user.actor
        actor.require(Permission.SEE_REPORTS)
        return Caller(actor, found)


def _keep_to_a_pace(token: AccessToken) -> None:
    wait_s = CALLS_OF_ONE.wait_of(str(token.pk))
    if wait_s:
        floods.uncounted.count(CALLS_OF_ONE.source_id, "flood")
        floods.uncounted.write(settings.CONFIG.data)
        message = f"Too many at once. Wait {wait_s} s and try again."
        raise ApiError(429, "too_many", message, headers={"Retry-After": str(wait_s)})


def caller_of(request: HttpRequest) -> Caller:
    """Whom `Bearer` let in."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller
