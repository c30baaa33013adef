"""The demo company behind a real server: how long it takes to fill and to start, what pages cost, what it holds.

python -m benchmarks.pages
"""

import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from benchmarks.processes import family, resident_mb

PAGES = (
    "/", "/leads/", "/people/", "/companies/", "/visitors/", "/campaigns/", "/pipeline/", "/pipeline/list/", "/tasks/",
    "/forms/", "/huddles/", "/definition/", "/reports/closed-loop/", "/reports/models/", "/settings/incoming/",
)  # fmt: skip
RUNS = 15


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "LOOPLINE_DATA": folder, "LOOPLINE_DEMO": "1", "LOOPLINE_BIND": f"127.0.0.1:{_free_port()}",
        }  # fmt: skip
        environment.pop("BASE_URL", None)
        base = "http://" + environment["LOOPLINE_BIND"]
        print("| what | figure |\n|---|---:|")
        started = time.monotonic()
        subprocess.run([*_loopline("demo"), "--fill-only"], env=environment, check=True, stdout=subprocess.DEVNULL)
        print(f"| fill the demo company | {time.monotonic() - started:.1f} s |")
        with _server(environment, base) as (process, start_s):
            print(f"| start until requests are answered | {start_s:.2f} s |")
            with httpx.Client(base_url=base, timeout=60) as client:
                _sign_in(client)
                for path in PAGES:
                    _measure(client, path)
            print(f"| resident memory of serve after this | {sum(map(resident_mb, family(process.pid)))} MB |")


def _loopline(command: str) -> list[str]:
    return [sys.executable, "-m", "loopline.cli.main", command]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _server(environment: dict[str, str], base: str) -> Iterator[tuple["subprocess.Popen[bytes]", float]]:
    started = time.monotonic()
    process = subprocess.Popen(_loopline("serve"), env=environment, stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                if httpx.get(base + "/readyz", timeout=1).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.02)
        yield process, time.monotonic() - started
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _sign_in(client: httpx.Client) -> None:
    """As the demo's administrator, through the sign-in page."""
    page = client.get("/account/login/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    people = re.findall(r'<button(?=[^>]*name="person")[^>]*value="([0-9a-f-]{36})".*?<b>([^<]+)</b>', page, re.S)
    if token is None or not people:
        raise SystemExit("the sign-in page offers no demo people")
    chosen = {name: key for key, name in people}["Sam Adeyemi"]
    answer = client.post(
        "/account/demo/",
        data={"csrfmiddlewaretoken": token[1], "person": chosen},
        headers={"Referer": str(client.base_url)},
    )
    if answer.status_code not in {200, 302}:
        raise SystemExit(f"signing in answered {answer.status_code}")


def _measure(client: httpx.Client, path: str) -> None:
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        answer = client.get(path)
        times.append((time.perf_counter() - started) * 1000)
        if answer.status_code != 200:
            print(f"| {path} | answered {answer.status_code} |")
            return
    print(f"| {path} | {statistics.median(times[1:]):.0f} ms (first {times[0]:.0f}, largest {max(times[1:]):.0f}) |")


if __name__ == "__main__":
    main()
