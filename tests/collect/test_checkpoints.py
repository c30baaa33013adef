"""What was committed comes into the inbox's file without anybody who sends having to wait for it."""

import asyncio
import time
from pathlib import Path

from loopline.collect.inbox import Inbox, Limits
from loopline.collect.request import Request

BODY = b'{"type":"page"}' + b" " * 500_000


def test_what_is_committed_comes_into_the_file_beside_the_writer(tmp_path: Path) -> None:
    """8 MB are a quarter of what makes SQLite do it within a commit."""
    inbox = Inbox(tmp_path, Limits(min_free_bytes=1))
    inbox.start()
    try:
        asyncio.run(_put(inbox, 16))
        deadline = time.monotonic() + 10
        while (size := inbox.path.stat().st_size) < 4 << 20 and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        inbox.close()
    assert size >= 4 << 20


async def _put(inbox: Inbox, requests: int) -> None:
    for _ in range(requests):
        told = asyncio.get_running_loop().create_future()
        inbox.put(Request(1, 1, "source", "unit", "server", "page", BODY), told.set_result)
        assert await told is None
