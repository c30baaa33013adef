"""How fast the collector takes events, durably, with the loader running beside it.

    python benchmarks/collector.py [--seconds 10] [--connections 64] [--json FILE]

Three runs: one event per request, batches of 50 as fast as they are taken, and batches of 50 at 50,000 events a
second, which leaves the loader its share of the machine. The server runs in one process with uvloop and httptools, the
senders in another. Every answer is checked; at the end the events in the store are counted against the answers.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import socket
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"


SITE, CAMPAIGN = "https://www.example.com", "utm_source=google&utm_medium=cpc&utm_campaign=spring"


@dataclass(frozen=True)
class Result:
    name: str
    seconds: float
    requests_per_s: float
    events_per_s: float
    p50_ms: float
    p99_ms: float
    refused: int
    lag_s_at_end: float
    """Age of the oldest event not yet loaded when the senders stop."""
    loaded_meanwhile_per_s: float
    """While the senders were sending."""
    loaded_per_s: float
    """From the first event sent to the last one loaded."""
    acknowledged: int
    stored: int


def serve(folder: str, port: int) -> None:
    """The server process: collector and loader, as `loopline serve` runs them."""
    import threading

    import uvicorn

    from loopline.collect.asgi import Collector
    from loopline.collect.inbox import Inbox
    from loopline.collect.keys import KeyKind, Keys, NewKey
    from loopline.collect.loader import Loader
    from loopline.collect.preparer_process import PreparerProcess
    from loopline.collect.process import share_interpreter
    from loopline.collect.state import State
    from loopline.store.duckdb_engine import DuckDBEngine

    share_interpreter()
    data = Path(folder)
    inbox, keys, state = Inbox(data), Keys(data), State(data)
    keys.create(NewKey("bench", KeyKind.SERVER, "unit-1"), plain="bench-key")
    engine = DuckDBEngine(data / "events.duckdb")
    engine.migrate()
    inbox.start()
    stop = threading.Event()
    loader = Loader(inbox, engine, state, settings=keys.settings, preparer=PreparerProcess(data))
    loading = threading.Thread(target=loader.run, args=(stop,))
    loading.start()
    collector = Collector(inbox, keys, state)
    uvicorn.run(
        collector, host="127.0.0.1", port=port, loop="uvloop", http="httptools", ws="none", lifespan="off",
        access_log=False, log_level="warning",
    )  # fmt: skip
    stop.set()
    loading.join()
    inbox.close()
    engine.close()


def make_request(sender: int, number: int, size: int) -> bytes:
    """One HTTP request with `size` page events, the way a site's browsers would report them."""

    def event(place: int) -> dict[str, Any]:
        visitor = (number * size + place) % 997
        return {
            "type": "page", "messageId": f"{sender}-{number}-{place}", "anonymousId": f"v{sender}-{visitor}",
            "properties": {"section": "pricing", "position": place},
            "context": {
                "userAgent": AGENT,
                "page": {"url": f"{SITE}/p/{visitor % 50}?{CAMPAIGN}", "title": "Pricing", "referrer": "https://www.google.com/"},
            },
        }  # fmt: skip

    if size == 1:
        path, body = "/v1/page", json.dumps(event(0)).encode()
    else:
        path, body = "/v1/batch", json.dumps({"batch": [event(place) for place in range(size)]}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer bench-key\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Sender(asyncio.Protocol):
    """One connection that sends its requests one after the other and times each answer."""

    def __init__(self, requests: Sequence[bytes], until: float, done: asyncio.Future[None], every_s: float) -> None:
        self.requests, self.until, self.done, self.every_s = requests, until, done, every_s
        self.next_at = time.perf_counter()
        self.times: list[float] = []
        self.refused = 0
        self.place = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.send()

    def send_in_time(self) -> None:
        """Send now, or when the pace asks for the next request; one that is late does not wait."""
        self.next_at += self.every_s
        wait = self.next_at - time.perf_counter()
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self.send)
        else:
            self.send()

    def send(self) -> None:
        self.answer = b""
        self.started = time.perf_counter()
        if self.started >= self.until or self.place >= len(self.requests):
            self.done.set_result(None)
            return
        self.transport.write(self.requests[self.place])  # type: ignore[attr-defined]
        self.place += 1

    def data_received(self, data: bytes) -> None:
        self.answer += data
        if not self.answer.endswith(b"}"):
            return
        self.times.append(time.perf_counter() - self.started)
        if not self.answer.startswith(b"HTTP/1.1 200"):
            self.refused += 1
        self.send_in_time()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))


async def drive(port: int, prepared: list[list[bytes]], seconds: float, every_s: float = 0) -> list[Sender]:
    loop = asyncio.get_running_loop()
    until = time.perf_counter() + seconds
    senders = []
    for requests in prepared:
        done: asyncio.Future[None] = loop.create_future()
        sender = Sender(requests, until, done, every_s)
        senders.append(sender)
        await loop.create_connection(lambda sender=sender: sender, "127.0.0.1", port)
    await asyncio.gather(*(sender.done for sender in senders))
    return senders


@dataclass(frozen=True)
class Run:
    name: str
    size: int
    """Events in a request."""
    requests_per_s: int
    """The pace; or, where there is none, as many as are made beforehand."""
    is_paced: bool = False


RUNS = (
    Run("one event a request", 1, 40_000),
    Run("batches of 50", 50, 3_000),
    Run("batches of 50 at 50,000 events/s", 50, 1_000, is_paced=True),
)


def measure(run: Run, connections: int, seconds: float) -> Result:
    import uvloop

    size = run.size
    with tempfile.TemporaryDirectory(prefix="loopline-bench-") as folder:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, port))
        server.start()
        each = int(run.requests_per_s * seconds / connections) + 1
        every_s = connections / run.requests_per_s if run.is_paced else 0
        prepared = [[make_request(sender, number, size) for number in range(each)] for sender in range(connections)]
        wait_until_ready(port)
        warm = [[make_request(1_000 + sender, number, size) for number in range(20)] for sender in range(connections)]
        uvloop.run(drive(port, warm, seconds))
        wait_until_loaded(port)
        start, began = read_metrics(port), time.perf_counter()
        senders = uvloop.run(drive(port, prepared, seconds, every_s))
        times = sorted(one for sender in senders for one in sender.times)
        refused = sum(sender.refused for sender in senders)
        acknowledged = (len(times) - refused) * size
        end = read_metrics(port)
        after, took = wait_until_loaded(port), time.perf_counter() - began
        os.kill(server.pid or 0, 15)
        server.join()
    return Result(
        name=run.name,
        seconds=seconds,
        requests_per_s=round(len(times) / seconds),
        events_per_s=round(acknowledged / seconds),
        p50_ms=round(times[len(times) // 2] * 1000, 1),
        p99_ms=round(times[int(len(times) * 0.99)] * 1000, 1),
        refused=refused,
        lag_s_at_end=round(end["loader_lag_seconds"], 1),
        loaded_meanwhile_per_s=round((end["events_stored_total"] - start["events_stored_total"]) / seconds),
        loaded_per_s=round((after["events_stored_total"] - start["events_stored_total"]) / took),
        acknowledged=acknowledged,
        stored=int(after["events_stored_total"] - start["events_stored_total"]),
    )


def wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            read_metrics(port)
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not start")


def wait_until_loaded(port: int) -> dict[str, float]:
    deadline = time.monotonic() + 120
    while (found := read_metrics(port))["loader_lag_events"] > 0 and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def read_metrics(port: int) -> dict[str, float]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as one:
        one.sendall(b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: one.recv(65536), b"")).decode()
    lines = [line for line in text.splitlines() if line.startswith("loopline_") and "{" not in line]
    return {line.split()[0].removeprefix("loopline_"): float(line.split()[1]) for line in lines}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--json", type=Path, help="also write the results here")
    chosen = parser.parse_args()
    results = [measure(run, chosen.connections, chosen.seconds) for run in RUNS]
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for result in results:
        print()
        for label, value in asdict(result).items():
            print(f"  {label:16} {value}")
    if chosen.json:
        machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
        chosen.json.write_text(json.dumps({"machine": machine, "results": [asdict(one) for one in results]}, indent=2))
    lost = [result.name for result in results if result.stored != result.acknowledged]
    if lost:
        raise SystemExit(f"acknowledged and stored differ: {', '.join(lost)}")


if __name__ == "__main__":
    main()
