"""A company that runs Loopline as people do: the program in its own process, set up and served by its commands."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.collect.station import NO_TLS
from tests.ports import free_port

PASSWORD = "a-long-and-quiet-password"
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class Installation:
    """One folder of data, with the environment its commands run in."""

    folder: Path
    environment: Mapping[str, str]
    url: str

    @classmethod
    def new(cls, folder: Path, **settings: str) -> "Installation":
        bind = f"127.0.0.1:{free_port()}"
        kept = {name: value for name, value in os.environ.items() if name not in {"LOOPLINE_DEMO", "BASE_URL"}}
        own = {"LOOPLINE_DATA": str(folder), "LOOPLINE_BIND": bind, "DJANGO_SETTINGS_MODULE": "loopline.web.settings"}
        return cls(folder, {**kept, **own, **settings}, f"http://{bind}")

    def run(self, *arguments: str, **environment: str) -> str:
        """What a command prints. Fails the test when the command fails."""
        done = subprocess.run(
            [sys.executable, "-m", "loopline.cli.main", *arguments],
            env={**self.environment, **environment}, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"loopline {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, *command: str) -> "Running":
        """`loopline serve`, or another command that serves."""
        return Running(self, command or ("serve",))


class Running:
    """The served installation; `kill` is what a power cut does to the process."""

    def __init__(self, installation: Installation, command: tuple[str, ...] = ("serve",)) -> None:
        self.url = installation.url
        self.folder = installation.folder
        self.log = installation.folder / "serve.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "loopline.cli.main", *command],
                env=dict(installation.environment), stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + 90
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(self.url + "/readyz", timeout=2, verify=NO_TLS).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError(f"the server did not come up:\n{self.log.read_text()}")

    def events(self) -> list[dict[str, object]]:
        """Events as the store has them, asked as the command line asks."""
        return list(self._ask("/internal/events", limit="1000")["events"])

    def report(self, key: str, **options: str) -> dict[str, Any]:
        """A report, asked as the command line asks, without the second that starting the command takes."""
        return self._ask("/internal/report", key=key, **options)

    def _ask(self, path: str, **params: str) -> dict[str, Any]:
        told = json.loads((self.folder / "run" / "server.json").read_text())
        headers = {"Authorization": f"Bearer {told['token']}"}
        answer = httpx.get(self.url + path, params=params, headers=headers, timeout=30, verify=NO_TLS)
        return dict(answer.raise_for_status().json())

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


@contextmanager
def sample_site(collector: str, key: str, url: str) -> Iterator[None]:
    """The sample site at `url`, as long as the block lasts: on a port of its own, which makes it another origin."""
    port = url.rpartition(":")[2]
    program = str(REPOSITORY / "examples" / "site" / "serve.py")
    process = subprocess.Popen(
        [sys.executable, program, "--port", port, "--collector", collector, "--key", key],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(url)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            httpx.get(url, timeout=2, verify=NO_TLS)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the sample site did not come up")
