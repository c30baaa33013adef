"""Promise 1: a 2xx means on disk. The server is killed under load, and its disk is filled."""

import json
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from loopline.collect.inbox import Limits
from tests.collect.kills import collector, kill_under_load
from tests.collect.station import Station, serving
from tests.ports import free_port


@pytest.mark.parametrize("kills", [6, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_of_server_and_helper_lose_nothing_and_double_nothing(kills: int, tmp_path: Path) -> None:
    outcome = kill_under_load(collector(tmp_path, free_port()), kills)
    assert len(outcome.acknowledged) > 10 * kills
    assert outcome.helper_kills > kills / 4
    assert (outcome.lost, outcome.doubled, outcome.difference) == (set(), 0, 0)


def test_the_kill_test_finds_a_collector_that_acknowledges_too_early(tmp_path: Path) -> None:
    assert kill_under_load(collector(tmp_path, free_port(), "acknowledge-early"), 2).lost


def test_the_kill_test_finds_a_collector_that_keeps_duplicates(tmp_path: Path) -> None:
    assert kill_under_load(collector(tmp_path, free_port(), "keep-duplicates"), 2).doubled


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
