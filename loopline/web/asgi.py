"""Django's half of the ASGI application: pages run in a few threads that live as long as the process.

Django's own handler gives every request a new thread, and with it a new database connection. Here a request crosses
once from the event loop into a pool, where the whole chain of middleware and view runs in one thread whose
connection stays open; more requests than threads wait in line instead of opening more connections.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loopline.web.settings")

import django
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

THREADS = 8

P = ParamSpec("P")
R = TypeVar("R")


class PagesHandler(ASGIHandler):
    """Serves Django's pages to an ASGI server from a pool of threads."""

    def __init__(self, threads: int = THREADS) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="page")

    async def run_get_response(self, request: HttpRequest) -> HttpResponseBase:
        response = await self._in_pool(self._answer, request)
        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            response.streaming_content = self._stream(iter(response))
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        close_old_connections()
        response = self.get_response(request)
        response._handler_class = self.__class__  # type: ignore[attr-defined]
        return response

    async def _stream(self, parts: Iterator[bytes]) -> AsyncIterator[bytes]:
        """Read a response that is produced bit by bit without holding up the event loop."""
        while (part := await self._in_pool(next, parts, None)) is not None:
            yield part

    async def _in_pool(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await sync_to_async(function, thread_sensitive=False, executor=self._pool)(*args, **kwargs)


def pages() -> PagesHandler:
    """The pages as an ASGI application. Sets Django up first."""
    django.setup(set_prefix=False)
    return PagesHandler()
