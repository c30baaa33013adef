"""An installation of its own for a benchmark: set up through the commands, served as an administrator serves it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.processes import family


@dataclass(frozen=True)
class Installation:
    folder: Path
    port: int
    settings: Mapping[str, str]
    """Environment beside LOOPLINE_DATA and LOOPLINE_BIND."""

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        own = {"LOOPLINE_DATA": str(self.folder), "LOOPLINE_BIND": f"127.0.0.1:{self.port}"}
        return {name: value for name, value in os.environ.items() if name != "BASE_URL"} | own | dict(self.settings)

    def run(self, *command: str) -> str:
        """What a command prints. Raises CalledProcessError when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "loopline.cli.main", *command],
            env=self.environment, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    @contextmanager
    def serving(self) -> Iterator["Served"]:
        """`loopline serve`, from when it answers requests until it was told to stop and has stopped."""
        started = time.monotonic()
        command = [sys.executable, "-m", "loopline.cli.main", "serve"]
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL)
        try:
            while process.poll() is None:
                try:
                    if httpx.get(self.base + "/readyz", timeout=1).status_code == 200:
                        break
                except httpx.HTTPError:
                    time.sleep(0.02)
            yield Served(process.pid, time.monotonic() - started)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@dataclass(frozen=True)
class Served:
    pid: int
    start_s: float

    @property
    def pids(self) -> list[int]:
        """The server and its helper."""
        return family(self.pid)


def installation(folder: Path, **settings: str) -> Installation:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Installation(folder, probe.getsockname()[1], settings)
