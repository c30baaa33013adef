"""The rig that kills a server under load, at moments nobody chose, and compares what it promised with what is there."""

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from loopline.collect.balance import read_balance
from loopline.collect.log import Log
from loopline.collect.state import State
from loopline.store.duckdb_engine import DuckDBEngine
from tests.collect.station import NO_TLS

START_S = 90
VICTIMS = ("server", "server", "both", "helper first")
"""Who is killed: the server alone, its helper process with it, or the helper a moment before."""


@dataclass(frozen=True)
class Served:
    """How a server on `folder` is started, and where it answers."""

    folder: Path
    port: int
    key: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    log: Path | None = None
    """Where it writes what it logs; in `folder` where nothing is said."""

    @property
    def log_file(self) -> Path:
        return self.log or self.folder / "serve.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            environment = {**os.environ, **self.environment}
            return subprocess.Popen(self.command, env=environment, stdout=log, stderr=log, start_new_session=True)

    def wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if httpx.get(self.url + "/readyz", timeout=2, verify=NO_TLS).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.02)
        raise AssertionError(f"the server did not come up:\n{self.log_file.read_text()[-3000:]}")

    def wait_until_loaded(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            told = httpx.get(self.url + "/metrics", timeout=20, verify=NO_TLS).text
            if "loopline_loader_lag_events 0" in told.splitlines():
                return
            time.sleep(0.1)
        raise AssertionError("the loader did not finish")


def collector(folder: Path, port: int, *planted: str) -> Served:
    """A collector with its loader, and with a planted bug where one is named."""
    command = (sys.executable, "-m", "tests.collect.server_process", str(folder), str(port), *planted)
    return Served(folder, port, "server-key", command)


def helpers_of(pid: int) -> list[int]:
    """Processes that this one started."""
    told = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = (line.split() for line in told.splitlines())
    return [int(one) for one, parent in pairs if int(parent) == pid]


def kill(process: subprocess.Popen[bytes], victim: str = "both", pause_s: float = 0) -> None:
    """SIGKILL the server, with its helper or after it; a helper that is left has to end by itself."""
    for helper in helpers_of(process.pid) if victim != "server" else []:
        os.kill(helper, signal.SIGKILL)
    time.sleep(pause_s if victim == "helper first" else 0)
    process.kill()
    process.wait()


@dataclass
class Senders:
    """Threads that send numbered events. What was not acknowledged is sent again under the same messageId, and now and
    then what was, as a client does whose answer got lost.
    """

    served: Served
    acknowledged: set[str] = field(default_factory=set)
    sent_twice: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, sender: int) -> None:
        with httpx.Client(auth=(self.served.key, ""), timeout=5) as client:
            for number in itertools.count():
                names = [f"{sender}-{number}-{place}" for place in range(1 + number % 3)]
                for _ in range(2 if number % 10 == 0 else 1):
                    if not self._send(client, names):
                        return
                self.sent_twice += number % 10 == 0

    def _send(self, client: httpx.Client, names: list[str]) -> bool:
        """Until it is acknowledged; False when it is time to stop."""
        batch = [{"type": "track", "event": "E", "userId": "u", "messageId": name} for name in names]
        while not self.stop.is_set():
            try:
                answer = client.post(self.served.url + "/v1/batch", json={"batch": batch})
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if answer.status_code == 200:
                self.acknowledged.update(names)
                return True
        return False


@dataclass
class Outcome:
    acknowledged: set[str]
    stored: list[str]
    difference: int
    """Of the collector's books: events that are not accounted for."""
    kills: int = 0
    helper_kills: int = 0
    ready_s: list[float] = field(default_factory=list)
    """From each start to the moment events were taken."""

    @property
    def lost(self) -> set[str]:
        return self.acknowledged - set(self.stored)

    @property
    def doubled(self) -> int:
        return len(self.stored) - len(set(self.stored))


def kill_under_load(
    served: Served, times: int, *, threads: int = 4, seed: int = 7, on_kill: Callable[[int], None] = lambda _: None
) -> Outcome:
    """Start the server and kill it, `times` times, under load; one time of five before it even answers.

    Each time its helper is killed, too, or alone a moment before, or left to end by itself. At the end a server that
    nobody kills loads what waits.
    """
    senders, chance = Senders(served), random.Random(seed)
    running = [threading.Thread(target=senders.run, args=(number,)) for number in range(threads)]
    outcome = Outcome(senders.acknowledged, [], 0)
    for thread in running:
        thread.start()
    try:
        for number in range(times):
            _live_and_die(served, outcome, chance, is_early=number % 5 == 4)
            on_kill(number + 1)
    finally:
        senders.stop.set()
        for thread in running:
            thread.join()
    _finish(served)
    outcome.stored, outcome.difference = stored(served.folder)
    assert senders.sent_twice > 0
    return outcome


def _live_and_die(served: Served, outcome: Outcome, chance: random.Random, *, is_early: bool) -> None:
    began = time.monotonic()
    process = served.start()
    victim = chance.choice(VICTIMS)
    if is_early:
        usual = sorted(outcome.ready_s)[len(outcome.ready_s) // 2]
        time.sleep(chance.uniform(0, usual))
    else:
        served.wait_until_ready(process)
        outcome.ready_s.append(time.monotonic() - began)
        time.sleep(chance.uniform(0.05, 0.5))
        if chance.random() < 0.3:
            _kill_only_the_helper(process, outcome)
            time.sleep(chance.uniform(0, 0.3))
    outcome.helper_kills += victim != "server" and bool(helpers_of(process.pid))
    kill(process, victim, chance.uniform(0, 0.1))
    outcome.kills += 1


def _kill_only_the_helper(process: subprocess.Popen[bytes], outcome: Outcome) -> None:
    for helper in helpers_of(process.pid):
        os.kill(helper, signal.SIGKILL)
        outcome.helper_kills += 1


def _finish(served: Served) -> None:
    process = served.start()
    served.wait_until_ready(process)
    served.wait_until_loaded()
    process.terminate()
    process.wait(30)


def stored(folder: Path) -> tuple[list[str], int]:
    """Ids of the events in the store, and what the collector's books do not account for."""
    engine = DuckDBEngine(folder / "events.duckdb")
    ids = [str(row["event_id"]) for row in engine.rows("SELECT event_id FROM events")]
    engine.close()
    log, state = Log(folder), State(folder)
    difference = read_balance(state, log).total.difference
    log.close()
    state.close()
    return ids, difference
