"""What the collector answers with."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec

Headers = tuple[tuple[bytes, bytes], ...]
_JSON: Headers = ((b"content-type", b"application/json"),)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    headers: Headers = _JSON


class RefusedError(Exception):
    """A request that is not taken. `code` is for programs, the message says to people what to do."""

    def __init__(self, status: int, code: str, message: str, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def answer(self) -> "Answer":
        retry = ((b"retry-after", str(self.retry_after_s).encode()),) if self.retry_after_s else ()
        return failure(self.status, self.code, str(self), *retry)


def failure(status: int, code: str, message: str, *headers: tuple[bytes, bytes]) -> Answer:
    """An error a program can tell apart by `code` and a person can act on by `message` (the form SDKs expect)."""
    body = msgspec.json.encode({"success": False, "code": code, "message": message})
    return Answer(status, body, _JSON + headers)


def with_cors(answer: Answer, origin: str) -> Answer:
    """Let the page at `origin` read this answer. No cookies are involved, so no credentials are allowed."""
    if not origin:
        return answer
    cors: Headers = ((b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"Origin"))
    if any(name == b"retry-after" for name, _ in answer.headers):
        cors += ((b"access-control-expose-headers", b"Retry-After"),)  # else a page cannot read when to come back
    return Answer(answer.status, answer.body, answer.headers + cors)


async def send_answer(
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]], answer: Answer, *, is_head: bool = False
) -> None:
    headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else answer.body})
