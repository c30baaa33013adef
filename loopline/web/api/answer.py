"""Answers that know whether they changed: who sends the `ETag` back in `If-None-Match` is told 304 if they did not."""

import hashlib
import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response


def json_answer(request: HttpRequest, content: Any) -> HttpResponse:
    body = json.dumps(content, ensure_ascii=False).encode()
    return bytes_answer(request, HttpResponse(body, content_type="application/json"))


def bytes_answer(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    found: HttpResponseBase | None = get_conditional_response(request, etag=etag, response=response)
    return found if isinstance(found, HttpResponse) else response
