"""Promise 1, seen from the kernel: no 2xx leaves the socket before the disk has confirmed its bytes."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.collect.kills import Served, collector, helpers_of
from tests.collect.promises import Reading, read_trace, tracing, why_not
from tests.own_loop import in_own_loop
from tests.ports import free_port

FEW, MANY, CONNECTIONS = 1_000, 10_000, 32
HELD = httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=None)
"""Where the machine held this process up for the usual 5 s, the client closed connections that it had just given to
requests, which failed unanswered."""


@pytest.fixture(autouse=True)
def strace() -> None:
    if reason := why_not():
        pytest.skip(reason)


async def send(served: Served, requests: int) -> None:
    numbers: Iterator[int] = iter(range(requests))

    async def one_after_the_other(client: httpx.AsyncClient) -> None:
        for number in numbers:
            name = f"event-{number:06}-"
            event = {"messageId": name, "event": "E", "userId": "u", "properties": {"again": name}}
            answer = await client.post(served.url + "/v1/track", content=json.dumps(event).encode())
            assert answer.status_code == 200

    async with httpx.AsyncClient(auth=(served.key, ""), timeout=60, limits=HELD) as client:
        await asyncio.gather(*(one_after_the_other(client) for _ in range(CONNECTIONS)))


def traced(folder: Path, requests: int, *planted: str) -> Reading:
    """What the kernel saw of a collector that took so many requests."""
    plain, trace = collector(folder, free_port(), *planted), folder / "trace"
    served = Served(folder, plain.port, plain.key, [*tracing(trace), *plain.command])
    process = served.start()
    try:
        served.wait_until_ready(process)
        in_own_loop(send(served, requests))
        served.wait_until_loaded()
    finally:
        for server in helpers_of(process.pid):
            subprocess.run(["kill", str(server)], check=False)
        process.wait(60)
    with trace.open(errors="replace") as lines:
        return read_trace(lines)


def test_no_answer_leaves_before_its_bytes_are_on_disk(tmp_path: Path) -> None:
    reading = traced(tmp_path, FEW)
    assert (reading.answered, reading.early) == (FEW, [])
    assert reading.syncs > FEW / CONNECTIONS / 2


@pytest.mark.slow
def test_of_ten_thousand_answers_none_leaves_before_its_bytes_are_on_disk(tmp_path: Path) -> None:
    reading = traced(tmp_path, MANY)
    assert (reading.answered, reading.early) == (MANY, [])


def test_the_check_finds_an_answer_that_leaves_too_early(tmp_path: Path) -> None:
    reading = traced(tmp_path, 200, "acknowledge-early")
    assert reading.answered == 200
    assert len(reading.early) > 100
