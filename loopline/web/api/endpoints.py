"""What `/api/v1/` answers: the parts of the API, put together. Its OpenAPI document is made from them."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLResolver
from django.urls.resolvers import RegexPattern
from ninja import NinjaAPI

from loopline.web.api import behind, metrics, questions, reports, runs, weekly
from loopline.web.api.answer import json_answer
from loopline.web.api.asked import only
from loopline.web.api.bearer import Bearer, caller_of
from loopline.web.api.problem import on_error, refused, told
from loopline.web.api.schemas import PROBLEMS, TokenAnswer

PREFIX = "/api/v1/"
ABOUT = """Figures of Loopline for your own programs: to the cent those of its pages, its files and `loopline report`.

Ask with an access token: `Authorization: Bearer ll_api_…`. It sees what the person sees whose token it is. All is read,
nothing is changed. Money is in minor units of the reporting currency; `null` is unknown or undefined, never 0.
Whatever cannot be answered says so in `error`, `code` and `field`; an option that would not be used is refused.
Answers have an `ETag`; send it back in `If-None-Match` and an answer that did not change is an empty 304."""

API = NinjaAPI(
    title="Loopline", version="1", description=ABOUT, openapi_url=None, docs_url=None, auth=Bearer(),
    urls_namespace="api",
)  # fmt: skip
API.add_exception_handler(Exception, on_error)
API.add_router("metrics", metrics.router)
API.add_router("reports", weekly.router)  # before the report of any key
API.add_router("reports", reports.router)
API.add_router("reports", behind.router)
API.add_router("reports", questions.router)
API.add_router("runs", runs.router)


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
            "scopes": caller.token.scopes,
            "expires_at": caller.token.expires_at.isoformat(),
        },
    )


_ROUTES = URLResolver(RegexPattern(r""), API.urls[0])


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document; the same for every installation of this version."""
    return dict(API.get_openapi_schema(path_prefix=PREFIX))


def answer(request: HttpRequest, rest: str) -> HttpResponse:
    """Find what answers the address `rest`, below the prefix, and let it."""
    if rest == "openapi.json" and request.method == "GET":
        return json_answer(request, openapi())
    try:
        found = _ROUTES.resolve(rest)
        response: HttpResponse = found.func(request, *found.args, **found.kwargs)
    except Http404:
        message = f"There is nothing at this address. {PREFIX}openapi.json lists what there is."
        return told(refused(404, "not_found", message))
    return _not_allowed(response) if response.status_code == 405 else response


def _not_allowed(response: HttpResponse) -> JsonResponse:
    problem = refused(405, "method_not_allowed", "The API is read with GET; nothing can be changed through it.")
    problem.headers["Allow"] = response.headers.get("Allow", "GET")
    return told(problem)
