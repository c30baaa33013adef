"""How long a backup of a large event store takes while the server works, what it costs those who use it meanwhile, and
how long until a restored one answers.

    python -m benchmarks.backup [--events 10000000] [--folder DIR]

The event store is the one of `benchmarks.reports`. While the copy is made, one sender sends an event each 20 ms and
somebody opens the closed loop again and again. With --folder the store is kept.
"""

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
from pysqlite3 import dbapi2 as sqlite

from benchmarks.freshness import PASSWORD, SET_UP
from benchmarks.installation import Installation, installation
from benchmarks.machine import machine
from benchmarks.reports import Size, fill

SEND_EVERY_S = 0.02
BEFORE_S = 20.0


def prepared(folder: Path, events: int) -> tuple[Installation, str]:
    """An installation with a large event store, and a write key."""
    house = installation(folder, LOOPLINE_SETUP_PASSWORD=PASSWORD)
    key = (folder / "key").read_text() if (folder / "key").exists() else ""
    if not key:
        house.run(*SET_UP)
        key = house.run("keys", "create", "--name", "bench", "--kind", "server").strip()
        fill(folder / "events.duckdb", Size(events, min(10_000, events // 1000)))
        with closing(sqlite.connect(str(folder / "records.sqlite"))) as records:
            # The store's facts were made without an outbox: its numbers go on behind them.
            records.execute("DELETE FROM sqlite_sequence WHERE name = 'facts_outboxrow'")
            records.execute("INSERT INTO sqlite_sequence VALUES ('facts_outboxrow', 1000000000000)")
            records.commit()
        (folder / "key").write_text(key)
    return house, key


@contextmanager
def repeated(work: Callable[[], object], took: list[float], pause_s: float) -> Iterator[None]:
    """`work` again and again in a thread, as long as the block lasts; seconds each took."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            began = time.monotonic()
            work()
            took.append(time.monotonic() - began)
            stop.wait(pause_s)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def used(house: Installation, key: str, work: Callable[[], object]) -> tuple[list[float], list[float], float]:
    """Seconds of each answer of the collector and of each report meanwhile, and how long it all took."""
    told = json.loads((house.folder / "run" / "server.json").read_text())
    answers: list[float] = []
    reports: list[float] = []
    with (
        httpx.Client(base_url=house.base, timeout=120) as client,
        httpx.Client(base_url=house.base, timeout=120) as desk,
    ):
        headers = {"Authorization": f"Bearer {told['token']}"}

        def send() -> None:
            client.post("/v1/track", json={"userId": "u", "event": "x"}, auth=(key, "")).raise_for_status()

        def read() -> None:
            asked = {"key": "closed-loop", "from": "2025-10-01", "to": "2025-12-31"}
            desk.get("/internal/report", params=asked, headers=headers).raise_for_status()

        began = time.monotonic()
        with repeated(send, answers, SEND_EVERY_S), repeated(read, reports, 0.1):
            work()
        return answers, reports, time.monotonic() - began


def line(name: str, answers: list[float], reports: list[float]) -> str:
    def told(took: list[float]) -> str:
        return f"{statistics.median(took) * 1000:,.0f} ms | {max(took) * 1000:,.0f} ms"

    return f"| {name} | {told(answers)} | {told(reports)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="loopline-bench-") as room:
        house, key = prepared(given.folder or Path(room) / "data", given.events)
        measure(house, key, Path(room))


def measure(house: Installation, key: str, room: Path) -> None:
    told: list[str] = []
    load = os.getloadavg()[0]
    with house.serving():
        before = used(house, key, lambda: time.sleep(BEFORE_S))
        during = used(house, key, lambda: told.append(house.run("backup", str(room / "backup"))))
    began = time.monotonic()
    house.run("restore", str(room / "backup"), "--check")
    checked = time.monotonic()
    again = installation(room / "again")
    again.run("restore", str(room / "backup"))
    restored = time.monotonic()
    with again.serving() as served:
        pass
    [still] = [line for line in told[0].splitlines() if "waited for" in line]
    size = sum(path.stat().st_size for path in (room / "backup").rglob("*") if path.is_file())
    print(f"Machine: {machine()}; load before {load:.1f}. The backup has {size / 2**20:,.0f} MB.\n")
    print("| step | time |\n|---|---:|")
    print(f"| backup, server at work | {during[2]:.1f} s |")
    print(f"| of that the event store stood still | {still.partition('waited for ')[2].partition(' s')[0]} s |")
    print(f"| restore --check | {checked - began:.1f} s |")
    print(f"| restore | {restored - checked:.1f} s |")
    print(f"| start of what was restored, until it answers | {served.start_s:.1f} s |\n")
    print("| | collector, median | slowest | closed loop, median | slowest |\n|---|---:|---:|---:|---:|")
    print(line("before", *before[:2]))
    print(line("while the backup is made", *during[:2]))


if __name__ == "__main__":
    main()
