"""What `/api/v1/` answers: the parts of the API, put together. Its OpenAPI document is made from them."""

from copy import copy
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLResolver
from django.urls.resolvers import RegexPattern
from ninja import NinjaAPI
from ninja.operation import Operation

from loopline.lib.money import exponent
from loopline.web.api import behind, causes, metrics, planner, questions, reports, runs, unusual, weekly
from loopline.web.api.answer import json_answer
from loopline.web.api.asked import only
from loopline.web.api.bearer import Bearer, caller_of
from loopline.web.api.documented import finished
from loopline.web.api.pace import leave, pace_of
from loopline.web.api.problem import ApiError, nothing_here, on_error, told
from loopline.web.api.schemas import PROBLEMS, TokenAnswer

PREFIX = "/api/v1/"
METHODS = "GET, HEAD, OPTIONS"
ABOUT = """Figures of Loopline for your own programs: to the cent those of its pages, its files and `loopline report`.

Ask with an access token: `Authorization: Bearer ll_api_…`. It sees what the person sees whose token it is. All is read,
nothing is changed. Money is in minor units of the reporting currency; `null` is unknown or undefined, never 0.
Whatever cannot be answered says so in `error`, `code` and `field`; an option that would not be used is refused.
Answers have an `ETag`; send it back in `If-None-Match` and an answer that did not change is an empty 304."""


class _Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Generators of clients name their functions so: by the words of the API, not by where its code lies."""
        return operation.view_func.__name__


API = _Api(
    title="Loopline", version="1", description=ABOUT, openapi_url=None, docs_url=None, auth=Bearer(),
    urls_namespace="api",
)  # fmt: skip
API.add_exception_handler(Exception, on_error)
API.add_router("metrics", metrics.router)
API.add_router("reports", weekly.router)  # before the report of any key
API.add_router("reports", planner.router)
API.add_router("reports", reports.router)
API.add_router("reports", behind.router)
API.add_router("reports", causes.router)
API.add_router("reports", unusual.router)
API.add_router("reports", questions.router)
API.add_router("runs", runs.router)
API.add_router("runs", causes.of_runs)


@API.get("token", response={200: TokenAnswer, **PROBLEMS}, summary="Whose token this is", tags=["Token"])
def token(request: HttpRequest) -> HttpResponse:
    """What the token that asks may read, for whom, and until when. Scope: any."""
    only(request)
    caller = caller_of(request)
    return json_answer(
        request,
        {
            "name": caller.token.name,
            "person": caller.actor.name,
            "role": str(caller.actor.role),
            "units": dict(caller.books.units),
            "currency": caller.books.currency,
            "currency_digits": exponent(caller.books.currency),
            "time_zone": caller.books.zone,
            "scopes": caller.token.scopes,
            "expires_at": caller.token.expires_at.isoformat(),
        },
    )


@API.get("openapi.json", auth=None, include_in_schema=False)
def document(request: HttpRequest) -> HttpResponse:
    """What there is, for generators of clients; the same for everybody."""
    only(request)
    return json_answer(request, openapi())


_ROUTES = URLResolver(RegexPattern(r""), API.urls[0])


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document; the same for every installation of this version."""
    return finished(dict(API.get_openapi_schema(path_prefix=PREFIX)))


def answer(request: HttpRequest, rest: str) -> HttpResponse:
    """Let what is at the address `rest`, below the prefix, answer: HEAD as GET, whose body the server leaves out."""
    asked = copy(request)
    asked.method = "GET" if request.method == "HEAD" else request.method
    try:
        found = _ROUTES.resolve(rest)
    except Http404:
        return told(nothing_here())
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": METHODS})
    if asked.method != "GET":
        message = "The API is read with GET; nothing can be changed through it."
        return told(ApiError(405, "method_not_allowed", message, headers={"Allow": METHODS}))
    try:
        response: HttpResponse = found.func(asked, *found.args, **found.kwargs)
    finally:
        leave(asked)
    for name, value in pace_of(asked).items():
        response.headers[name] = value
    return response
