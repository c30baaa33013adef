"""Questions the command line asks the running server, which alone owns the event store.

The server writes its address and a token into `run/server.json` under LOOPLINE_DATA, readable for its owner only.
Whoever can read that file could read the data itself.
"""

import hmac
import json
import os
import secrets
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, JsonResponse

Params = ParamSpec("Params")
View = Callable[Concatenate[HttpRequest, Params], HttpResponse]

_token = ""


def announce(path: Path, url: str) -> None:
    """Write the file that lets commands on this machine find and ask this server."""
    global _token
    _token = secrets.token_urlsafe(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"url": url, "token": _token, "pid": os.getpid()}, file)


def leave(path: Path) -> None:
    """Take the file away when the server stops."""
    path.unlink(missing_ok=True)


def plain_json(content: object, *, status: int = 200) -> JsonResponse:
    """JSON with moments in ISO 8601, as commands print them."""
    return JsonResponse(content, status=status, safe=False, json_dumps_params={"ensure_ascii": False})


def for_commands(view: View[Params]) -> View[Params]:
    """Answer only who carries the token; anyone else learns nothing, not even that there is such a page."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Params.args, **kwargs: Params.kwargs) -> HttpResponse:
        given = request.headers.get("Authorization", "")
        if not _token or not hmac.compare_digest(given.encode(), f"Bearer {_token}".encode()):
            return JsonResponse({"error": "not found"}, status=404)
        return view(request, *args, **kwargs)

    return guarded
