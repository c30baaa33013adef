"""What the API says when it cannot answer: always the same few fields, whatever went wrong.

`{"error": what happened and what to do, "code": a word for programs that stays the same, "field": the option or part of
the address it is about, or null}`. An error is never an empty answer.
"""

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from loopline.access.actor import NotAllowedError
from loopline.lib.config import ConfigError
from loopline.reports.options import OptionError
from loopline.store.engine import StoreError
from loopline.web.disk_full import DISK_FULL, is_disk_full

log = logging.getLogger(__name__)

PREFIX = "/api/"
TRY_LATER = {"Retry-After": "30"}


def is_of_api(request: HttpRequest) -> bool:
    """Whether what goes wrong here is told to a program, not to somebody before a page."""
    return request.path.startswith(PREFIX)


class ApiError(Exception):
    """The question cannot be answered."""

    def __init__(
        self, status: int, code: str, message: str, field: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.field, self.headers = status, code, field, dict(headers or {})


def refused(status: int, code: str, message: str, field: str = "") -> ApiError:
    return ApiError(status, code, message, field)


def too_many(wait_s: int) -> ApiError:
    message = f"Too many at once. Wait {wait_s} s and try again."
    return ApiError(429, "too_many", message, headers={"Retry-After": str(wait_s)})


def nothing_here() -> ApiError:
    return refused(404, "not_found", "There is nothing at this address. /api/v1/openapi.json lists what there is.")


def bad_address() -> ApiError:
    return refused(400, "bad_request", "The address, or a header that came with it, holds what it may not.")


def failed() -> ApiError:
    message = "Something went wrong in Loopline. It is in the log of the server; ask whoever runs it."
    return refused(500, "failed", message)


def told(error: ApiError) -> JsonResponse:
    body: dict[str, Any] = {"error": str(error), "code": error.code, "field": error.field or None}
    if error.status == 429:
        body["wait_s"] = int(error.headers["Retry-After"])
    return JsonResponse(body, status=error.status, headers=error.headers, json_dumps_params={"ensure_ascii": False})


def problem_of(error: Exception) -> ApiError:
    """What went wrong in the API's words. What nobody foresaw is logged, and its words are not handed out."""
    match error:
        case ApiError():
            return error
        case OptionError():
            return ApiError(422, "option_not_usable", str(error), error.field)
        case NotAllowedError():
            return ApiError(403, "not_allowed", str(error))
        case Http404():
            return nothing_here()
        case SuspiciousOperation():
            return bad_address()
        case StoreError() | ConfigError():
            return ApiError(503, "not_available", str(error), headers=TRY_LATER)
        case DatabaseError() | OSError() if is_disk_full(error):
            return ApiError(503, "not_available", DISK_FULL, headers=TRY_LATER)
    log.error("The API failed", exc_info=error)
    return failed()


def on_error(_request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    return told(problem_of(error if isinstance(error, Exception) else error()))
