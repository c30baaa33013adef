"""Promise 1: a 2xx means on disk. The server is killed under load, and its disk is filled."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from loopline.collect.inbox import Limits
from loopline.store.duckdb_engine import DuckDBEngine
from tests.collect.station import Station, free_port, serving


def start(folder: Path, port: int, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.collect.server_process", str(folder), str(port), *words]
    process = subprocess.Popen(command, start_new_session=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return process
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")


@dataclass
class Senders:
    """Threads that send numbered events; what was not acknowledged is sent again under the same messageId."""

    port: int
    acknowledged: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, sender: int) -> None:
        number = 0
        with httpx.Client(auth=("server-key", ""), timeout=5) as client:
            while not self.stop.is_set():
                names = [f"{sender}-{number}-{place}" for place in range(1 + number % 3)]
                batch = [{"type": "track", "event": "E", "userId": "u", "messageId": name} for name in names]
                try:
                    answer = client.post(f"http://127.0.0.1:{self.port}/v1/batch", json={"batch": batch})
                except httpx.TransportError:
                    time.sleep(0.02)
                    continue
                if answer.status_code == 200:
                    self.acknowledged.update(names)
                    number += 1


def kill_under_load(folder: Path, times: int, *words: str) -> tuple[set[str], list[str]]:
    """What senders were told is stored, and what is stored, after killing the server `times` times."""
    port = free_port()
    senders = Senders(port)
    threads = [threading.Thread(target=senders.run, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    chance = random.Random(7)
    for _ in range(times):
        process = start(folder, port, *words)
        time.sleep(chance.uniform(0.2, 1.2))
        process.kill()
        process.wait()
    senders.stop.set()
    for thread in threads:
        thread.join()
    process = start(folder, port)
    wait_until_loaded(port)
    os.kill(process.pid, signal.SIGTERM)
    process.wait()
    engine = DuckDBEngine(folder / "events.duckdb")
    stored = [str(row["event_id"]) for row in engine.rows("SELECT event_id FROM events")]
    engine.close()
    return senders.acknowledged, stored


def wait_until_loaded(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if "loopline_loader_lag_events 0" in httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines():
            return
        time.sleep(0.1)
    raise AssertionError("the loader did not finish")


def check_killing(folder: Path, times: int) -> None:
    acknowledged, stored = kill_under_load(folder, times)
    assert len(acknowledged) > 50
    assert acknowledged - set(stored) == set()
    assert len(stored) == len(set(stored))


def test_killing_the_server_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    check_killing(tmp_path, 3)


@pytest.mark.slow
def test_killing_the_server_twenty_times_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    check_killing(tmp_path, 20)


@pytest.mark.slow
def test_the_kill_test_finds_a_collector_that_acknowledges_too_early(tmp_path: Path) -> None:
    acknowledged, stored = kill_under_load(tmp_path, 3, "acknowledge-early")
    assert acknowledged - set(stored) != set()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_so_and_what_was_acknowledged_is_kept(small_disk: Path, tmp_path: Path) -> None:
    """No floor is kept free here, so the commit itself fails; senders come back when there is room again."""
    station = Station(small_disk, Limits(min_free_bytes=0), store=tmp_path)
    ballast = small_disk / "ballast"
    acknowledged: list[str] = []
    with serving(station.collector) as url:
        station.url = url
        fill(station, acknowledged)
        ballast.write_bytes(b"x" * (station.inbox.free_bytes() - 300_000))
        answer = fill(station, acknowledged)
        assert answer.status_code == 503
        assert answer.json()["code"] == "disk"
        assert "full" in answer.json()["message"]
        assert int(answer.headers["retry-after"]) > 0
        ballast.unlink()
        deadline = time.monotonic() + 10
        while station.inbox.trouble is not None and time.monotonic() < deadline:
            time.sleep(0.1)
        fill(station, acknowledged, 3)
        stored = [str(row["event_id"]) for row in station.events("event_id")]
    station.close()
    assert sorted(stored) == sorted(acknowledged)


def fill(station: Station, acknowledged: list[str], most: int = 40) -> httpx.Response:
    """Send events of 20 KB until one is refused; the last answer."""
    for _ in range(most):
        name = f"m{len(acknowledged)}"
        properties = {"text": json.dumps(random.Random(name).random()) * 1_000}
        event = {"type": "track", "event": "E", "userId": "u", "messageId": name, "properties": properties}
        answer = station.post("/v1/track", event)
        if answer.status_code != 200:
            break
        acknowledged.append(name)
    return answer
