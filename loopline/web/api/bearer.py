"""Who asks: `Authorization: Bearer ll_api_…`. Each part of the API names the scope that its tokens need."""

from dataclasses import dataclass

from django.http import HttpRequest
from ninja.security import HttpBearer

from loopline.access.access_tokens import PREFIX, TokenRefusedError, token_in_force
from loopline.access.actor import Actor
from loopline.access.books import books_for
from loopline.access.models import AccessToken
from loopline.access.roles import Permission
from loopline.access.scopes import Scope
from loopline.reports.options import Books
from loopline.web.api.pace import keep_to_a_pace
from loopline.web.api.problem import ApiError


def _who(**more: str) -> dict[str, str]:
    """What a client may read of a refusal without our words: RFC 6750, section 3."""
    said = {"realm": "Loopline"} | more
    return {"WWW-Authenticate": "Bearer " + ", ".join(f'{name}="{value}"' for name, value in said.items())}


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
        if PREFIX in request.META.get("QUERY_STRING", ""):
            message = (
                "Send the access token in the header Authorization. An address is written into logs on its way: "
                "revoke this token and make a new one."
            )
            raise ApiError(400, "token_in_address", message, headers=_who(error="invalid_request"))
        kind, _, plain = request.headers.get(self.header, "").partition(" ")
        if kind.lower() != "bearer" or not plain.strip():
            message = "Send “Authorization: Bearer ll_api_…”. You make an access token under your name › Access tokens."
            raise ApiError(401, "token_missing", message, headers=_who())
        return self.authenticate(request, plain.strip())

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        try:
            found = token_in_force(token)
        except TokenRefusedError as error:
            raise ApiError(401, error.code, str(error), headers=_who(error="invalid_token")) from error
        keep_to_a_pace(request, found)
        if self.scope is not None and self.scope not in found.scopes:
            message = f"This token is not for that. Make one with the scope {self.scope}."
            headers = _who(error="insufficient_scope", scope=self.scope)
            raise ApiError(403, "scope_missing", message, self.scope, headers)
        actor = found.user.actor
        actor.require(Permission.SEE_REPORTS)
        return Caller(actor, found)


def caller_of(request: HttpRequest) -> Caller:
    """Whom `Bearer` let in."""
    caller: Caller = request.auth  # type: ignore[attr-defined]
    return caller
