"""The whole server on one small disk that somebody fills to the last byte, and empties again.

Its inbox, event store, records and archive lie together. A supervisor starts it again where it ends, and nobody does
anything else: what was acknowledged is there once, what was not was told so.
"""

import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.collect.kills import Outcome, Served, stored
from tests.story.company import PASSWORD, Installation
from tests.story.test_serving import SET_UP

pytestmark = pytest.mark.slow
SIZE_MB = 420
"""The collector keeps 256 MB free for the event store."""
PATIENCE_S = 90
UNIT = {"currency": "EUR", "accept_within_hours": "4", "margin_percent": "100"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    told = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder)], capture_output=True)
    if told.returncode:
        pytest.skip("a small file system cannot be mounted here (it takes root)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def served(disk: Path, tmp_path: Path) -> Served:
    made = Installation.new(disk)
    made.run(*SET_UP, LOOPLINE_SETUP_PASSWORD=PASSWORD)
    key = made.run("keys", "create", "--name", "shop", "--kind", "server").strip()
    command = (sys.executable, "-m", "loopline.cli.main", "serve")
    port = int(made.url.rpartition(":")[2])
    return Served(disk, port, key, command, dict(made.environment), log=tmp_path / "serve.log")


@dataclass
class Supervisor:
    """Starts the server again whenever it ends, as systemd does with `Restart=always`."""

    served: Served
    starts: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.is_set():
            self.starts += 1
            process = self.served.start()
            while process.poll() is None and not self.stop.wait(0.1):
                pass
            process.terminate()
            process.wait(30)
            self.stop.wait(1)


@dataclass
class Sender:
    """Posts numbered events for ever, each again under its id until it is acknowledged."""

    served: Served
    acknowledged: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    refusals: list[httpx.Response] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with httpx.Client(auth=(self.served.key, ""), timeout=10) as client:
            while not self.stop.is_set():
                name = f"m{len(self.acknowledged)}"
                try:
                    answer = client.post(self.served.url + "/v1/track", json=_event(name))
                except httpx.TransportError:
                    self.answers["none"] += 1
                    self.stop.wait(0.1)
                    continue
                self.answers[str(answer.status_code)] += 1
                if answer.status_code == 200:
                    self.acknowledged.add(name)
                else:
                    self.refusals.append(answer)
                    self.stop.wait(0.1)


def _event(name: str) -> dict[str, object]:
    return {"userId": f"u{name}", "event": "Trial started", "messageId": name, "properties": {"text": name * 500}}


def fill(ballast: Path) -> None:
    """Take every byte that is free, and whatever becomes free for a while."""
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def wait_for(is_so: Callable[[], bool], what: str, sender: Sender) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if is_so():
            return
        time.sleep(0.1)
    log = sender.served.log_file.read_text()[-3000:]
    raise AssertionError(f"{what} did not come in time; answers {dict(sender.answers)}\n{log}")


def signed_in(url: str) -> httpx.Client:
    client = httpx.Client(base_url=url, timeout=20, follow_redirects=True)
    page = client.get("/account/login/").text
    send_form(client, "/account/login/", page, login="ada@loopline.test", password=PASSWORD)
    assert client.get("/").status_code == 200
    return client


def send_form(client: httpx.Client, path: str, page: str, **fields: str) -> httpx.Response:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None
    return client.post(
        path, data={"csrfmiddlewaretoken": found[1], **fields}, headers={"Referer": str(client.base_url)}
    )


def test_a_full_disk_under_the_whole_server_loses_nothing_and_ends_by_itself(served: Served, disk: Path) -> None:
    supervisor, sender = Supervisor(served), Sender(served)
    threads = [threading.Thread(target=supervisor.run)]
    threads[0].start()
    try:
        wait_for(lambda: is_ready(served), "the server", sender)
        people = signed_in(served.url)
        form = people.get("/settings/units/").text
        threads.append(threading.Thread(target=sender.run))
        threads[1].start()
        wait_for(lambda: len(sender.acknowledged) > 200, "the first events", sender)
        saved: set[str] = set()
        for number in range(3):
            fill(disk / "ballast")
            wait_for(lambda: bool(sender.refusals), "a refusal", sender)
            for _ in range(30):
                fill(disk / "ballast")
                time.sleep(0.1)
            saved |= saved_on_pages(people, form, number)
            said_to_senders(sender)
            (disk / "ballast").unlink()
            known = len(sender.acknowledged)
            wait_for(lambda known=known: len(sender.acknowledged) > known + 50, "room again", sender)  # type: ignore[misc]
            sender.refusals.clear()
        assert "Iberia is there" in send_form(people, "/settings/units/", form, name="Iberia", **UNIT).text
        shown = people.get("/settings/units/").text
        assert {name for name in {"Iberia", *saved} if name not in shown} == set()
        people.close()
        sender.stop.set()
        threads[1].join()
        served.wait_until_loaded()
    finally:
        sender.stop.set()
        supervisor.stop.set()
        for thread in threads:
            thread.join()
    outcome = Outcome(sender.acknowledged, *stored(served.folder))
    assert len(outcome.acknowledged) > 300
    assert (outcome.lost, outcome.doubled, outcome.difference) == (set(), 0, 0)
    print(f"{len(outcome.acknowledged)} acknowledged, answers {dict(sender.answers)}, {supervisor.starts} starts")


def is_ready(served: Served) -> bool:
    try:
        return httpx.get(served.url + "/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def said_to_senders(sender: Sender) -> None:
    assert {one.status_code for one in sender.refusals} == {503}
    assert all(int(one.headers["retry-after"]) > 0 for one in sender.refusals)
    assert "disk" in sender.refusals[-1].json()["message"]


def saved_on_pages(people: httpx.Client, form: str, number: int) -> set[str]:
    """Names that a page said are saved. Reading and writing work, or say why not."""
    until, saved, answered = time.monotonic() + PATIENCE_S, set(), 0
    while time.monotonic() < until and answered < 20:
        name = f"Full {number}-{answered}"
        try:
            read = people.get("/settings/incoming/")
            written = send_form(people, "/settings/units/", form, name=name, **UNIT)
        except httpx.TransportError:
            time.sleep(0.5)  # the supervisor is about to start it again
            continue
        answered += 1
        for one in (read, written):
            assert one.status_code in {200, 503}, one.text[:2000]
            if one.status_code == 503:
                assert "disk" in one.text
                assert int(one.headers["retry-after"]) > 0
        if written.status_code == 200:  # there was still room in the write-ahead log
            assert f"{name} is there" in written.text
            saved.add(name)
    assert answered, "no page answered"
    return saved
