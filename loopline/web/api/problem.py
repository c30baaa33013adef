"""What the API says when it cannot answer: always the same few fields, whatever went wrong.

`{"error": what happened and what to do, "code": a word for programs that stays the same, "field": the option or part of
the address it is about, or null}`. An error is never an empty answer.
"""

import logging
from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from loopline.access.actor import NotAllowedError
from loopline.lib.config import ConfigError
from loopline.reports.options import OptionError
from loopline.store.engine import StoreError
from loopline.web.middleware import DISK_FULL, is_disk_full

log = logging.getLogger(__name__)

TRY_LATER = {"Retry-After": "30"}


class ApiError(Exception):
    """The question cannot be answered."""

    def __init__(
        self, status: int, code: str, message: str, field: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.field, self.headers = status, code, field, dict(headers or {})


def refused(status: int, code: str, message: str, field: str = "") -> ApiError:
    return ApiError(status, code, message, field)


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
            return ApiError(404, "not_found", str(error) or "There is nothing at this address.")
        case StoreError() | ConfigError():
            return ApiError(503, "not_available", str(error), headers=TRY_LATER)
        case DatabaseError() | OSError() if is_disk_full(error):
            return ApiError(503, "not_available", DISK_FULL, headers=TRY_LATER)
    log.error("The API failed", exc_info=error)
    message = "Something went wrong in Loopline. It is in the log of the server; ask whoever runs it."
    return ApiError(500, "failed", message)


def on_error(_request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    return told(problem_of(error if isinstance(error, Exception) else error()))
