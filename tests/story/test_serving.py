"""The served program: started, killed at any moment, started again, asked by commands."""

import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path

import httpx
import pytest

from tests.collect.kills import kill
from tests.collect.station import NO_TLS
from tests.ports import free_port
from tests.story.company import PASSWORD, Installation, Running

SET_UP = (
    "setup", "--name", "Ada Berg", "--email", "ada@loopline.test", "--organisation", "Nordwind", "--unit", "Nordics",
    "--time-zone", "Europe/Oslo", "--currency", "EUR",
)  # fmt: skip


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of data `loopline setup` leaves, with a write key."""
    made = Installation.new(tmp_path_factory.mktemp("set_up"))
    made.run(*SET_UP, LOOPLINE_SETUP_PASSWORD=PASSWORD)
    return made.folder, made.run("keys", "create", "--name", "shop", "--kind", "server").strip()


@pytest.fixture
def installation(set_up: tuple[Path, str], tmp_path: Path) -> Installation:
    folder, _key = set_up
    return Installation.new(Path(shutil.copytree(folder, tmp_path / "data")))


@pytest.fixture
def key(set_up: tuple[Path, str]) -> str:
    return set_up[1]


def send(url: str, key: str, number: int) -> bool:
    """Whether the collector said yes."""
    event = {"userId": f"u{number}", "event": "Trial started", "messageId": f"m{number}"}
    try:
        return httpx.post(f"{url}/v1/track", json=event, auth=(key, ""), timeout=5, verify=NO_TLS).status_code == 200
    except httpx.HTTPError:
        return False


def shown(installation: Installation) -> list[str]:
    """Ids of events as the command shows them."""
    return [json.loads(line)["event_id"] for line in installation.run("events").splitlines()]


def arrived(server: Running) -> list[object]:
    return [event["event_id"] for event in server.events()]


def test_commands_ask_the_server_while_it_runs_and_the_files_when_it_does_not(
    installation: Installation, key: str
) -> None:
    with installation.serve() as server:
        assert send(server.url, key, 1)
        wait_for(lambda: arrived(server) == ["m1"])
        assert shown(installation) == ["m1"]
        report = json.loads(installation.run("report", "closed-loop", "--format", "json"))
        assert report["balance"]["holds"] is True
        assert "owns the event store" in installation.run("doctor")
    assert shown(installation) == ["m1"]
    assert json.loads(installation.run("report", "closed-loop", "--format", "json"))["balance"]["holds"] is True


def test_a_second_server_on_the_same_data_is_refused(installation: Installation) -> None:
    with installation.serve() as server:
        with pytest.raises(AssertionError, match="runs already"):
            installation.run("serve")
        assert httpx.get(server.url + "/readyz").status_code == 200


def test_a_killed_server_loses_nothing_it_said_yes_to_and_doubles_nothing(installation: Installation, key: str) -> None:
    """It is killed when so many of a hundred were answered, with eight more on the way and the rest to come."""
    said_yes: set[str] = set()
    for turn, answered in enumerate((10, 50)):
        server = installation.serve()
        with ThreadPoolExecutor(8) as senders:
            answers = {
                senders.submit(send, server.url, key, number): f"m{number}"
                for number in range(turn * 100, turn * 100 + 100)
            }
            list(islice(as_completed(answers, timeout=60), answered))
            server.kill()
            said_yes |= {name for answer, name in answers.items() if answer.result()}
    with installation.serve() as server:
        wait_for(lambda: said_yes <= set(arrived(server)))
        stored = arrived(server)
    assert len(stored) == len(set(stored))
    assert said_yes


def test_a_damaged_inbox_is_mended_at_the_start_and_doctor_tells_of_it(installation: Installation, key: str) -> None:
    server = installation.serve()
    assert send(server.url, key, 1)
    wait_for(lambda: arrived(server) == ["m1"])
    assert send(server.url, key, 2)
    wait_for(lambda: arrived(server) == ["m2", "m1"])
    kill(server.process)
    os.truncate(installation.folder / "inbox.sqlite-wal", 0)
    with installation.serve() as again:
        assert "The inbox was damaged" in again.log.read_text()
        assert send(again.url, key, 3)
        wait_for(lambda: set(arrived(again)) == {"m1", "m2", "m3"})
    assert "no event is missing" in installation.run("doctor")


def test_an_inbox_that_does_not_belong_to_the_event_store_is_refused(installation: Installation, key: str) -> None:
    with installation.serve() as server:
        assert send(server.url, key, 1)
        wait_for(lambda: arrived(server) == ["m1"])
    for path in installation.folder.glob("inbox.*"):
        path.unlink()
    with pytest.raises(AssertionError, match="the inbox was replaced"):
        installation.run("serve")


def test_pages_say_how_to_begin_where_nobody_can_sign_in(tmp_path: Path) -> None:
    installation = Installation.new(tmp_path)
    with installation.serve() as server:
        wait_for(lambda: "/setup/" in server.log.read_text())
        assert "loopline setup" in httpx.get(server.url + "/", follow_redirects=True).text


def test_the_demo_takes_its_sample_site_along_when_it_ends(installation: Installation) -> None:
    (installation.folder / "demo.filled").touch()
    site = f"http://127.0.0.1:{free_port()}/"
    with installation.serve("demo", "--site-port", site.rpartition(":")[2].strip("/")) as server:
        wait_for(lambda: f"Sample site  {site.rstrip('/')}" in server.log.read_text())
        assert "Halden" in httpx.get(site).text
    with pytest.raises(httpx.ConnectError):
        httpx.get(site)


def wait_for(holds: object, seconds: float = 20) -> None:
    assert callable(holds)
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.1)
