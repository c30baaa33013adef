"""Contracts with real clients: only their host is set, and every call type is stored once, at the right time."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from loopline.lib.times import utc_now
from tests.collect.station import Station, serving

HERE = Path(__file__).parents[1] / "clients"
AGE_S = 300
"""The events happened this long ago by the client's own clock."""
SKEWS_S = (-600, 600)
NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "ERR_SOCKET_TIMEOUT")
"""What npm says where there is no registry. Any other trouble, such as a version that is gone, is ours to mend."""


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The clients for Node, installed once beside the virtual environment; skips where they cannot be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node and npm are not installed: the clients for Node are not tested here")
    folder = Path(sys.prefix) / "clients"
    wanted, present = HERE / "package.json", folder / "package.json"
    if not present.exists() or present.read_bytes() != wanted.read_bytes():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        options = ("--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund")
        draft = folder / "draft"
        draft.mkdir()
        shutil.copy(wanted, draft)
        done = subprocess.run(
            [npm, "install", *options], cwd=draft, capture_output=True, text=True, timeout=180, check=False
        )
        if any(code in done.stderr for code in NO_NETWORK):
            pytest.skip("npm reaches no registry: the clients for Node are not tested here")
        assert done.returncode == 0, f"npm could not install {wanted}:\n{done.stderr}"
        (draft / "node_modules").rename(folder / "node_modules")
        (draft / "package.json").rename(present)
    return folder / "node_modules"


def check(station: Station, *, has_screen: bool = True) -> None:
    """Each call once, five minutes ago by our clock."""
    rows = station.events("event_id, kind, name, user_id, occurred_at, source")
    calls = sorted((str(row["kind"]), str(row["name"])) for row in rows)
    expected = [("group", ""), ("identify", ""), ("identify", "alias"), ("page", "Pricing"), ("track", "Plan chosen")]
    assert calls == sorted([*expected, ("page", "Basket")] if has_screen else expected)
    assert {row["user_id"] for row in rows} == {"u-42"}
    assert len({row["event_id"] for row in rows}) == len(calls)
    late = [abs(utc_now() - timedelta(seconds=AGE_S) - row["occurred_at"]) for row in rows]  # type: ignore[operator]
    assert max(late) < timedelta(seconds=30)
    assert station.quarantine.counts() == {}
    assert station.inbox.refused() == {}
    assert [one.email for one in station.feed.read(0) if one.kind == "identify"] == ["ines@halden.no"]


@pytest.mark.parametrize("skew_s", SKEWS_S)
@pytest.mark.parametrize("module", ["segment.analytics", "rudderstack.analytics"])
def test_a_python_client_with_any_clock(station: Station, module: str, skew_s: int) -> None:
    command = [sys.executable, "-m", "tests.clients.python_client", module, station.url, "server-key"]
    subprocess.run([*command, str(AGE_S), str(skew_s)], check=True, timeout=60)
    check(station)


@pytest.mark.parametrize("skew_s", SKEWS_S)
@pytest.mark.parametrize("script", ["segment_node.cjs", "rudder_node.cjs"])
def test_a_node_client_with_any_clock(station: Station, node_modules: Path, script: str, skew_s: int) -> None:
    command = ["node", "-r", str(HERE / "skewed_clock.cjs"), str(HERE / script), station.url, "server-key", str(AGE_S)]
    environment = {**os.environ, "NODE_PATH": str(node_modules), "CLOCK_SKEW_S": str(skew_s)}
    subprocess.run(command, check=True, timeout=60, env=environment)
    check(station)


# In a browser


class Page:
    """A site of another origin: one library, and one script that calls it."""

    def __init__(self, library: bytes, script: bytes) -> None:
        self._files = {"/library.js": library, "/script.js": script}

    async def __call__(self, scope: dict[str, Any], _receive: object, send: Callable[..., Awaitable[None]]) -> None:
        page = (
            b'<!doctype html><title>site</title><script src="/library.js"></script><script src="/script.js"></script>'
        )
        kind = b"text/javascript" if scope["path"] in self._files else b"text/html"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": self._files.get(scope["path"], page)})


BROWSER_CLIENTS = {
    "segment_browser.js": "@segment/analytics-next/dist/umd/index.js",
    "rudder_browser.js": "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js",
}


@pytest.mark.browser
@pytest.mark.parametrize("skew_s", SKEWS_S)
@pytest.mark.parametrize("script", BROWSER_CLIENTS)
def test_a_browser_client_with_any_clock(
    station: Station, node_modules: Path, browser: Browser, script: str, skew_s: int
) -> None:
    library = (node_modules / BROWSER_CLIENTS[script]).read_bytes()
    context = browser.new_context()
    page = context.new_page()
    wrong_clock = (HERE / "skewed_clock.cjs").read_text()
    page.add_init_script(f"globalThis.process = {{ env: {{ CLOCK_SKEW_S: {skew_s} }} }};\n{wrong_clock}")
    with serving(Page(library, (HERE / script).read_bytes())) as url:
        page.goto(f"{url}/?host={station.url.removeprefix('http://')}&age={AGE_S}")
        page.wait_for_function("document.title === 'done'", timeout=15_000)
        wait_until(lambda: station.inbox.last_seq() >= (6 if "segment" in script else 5))
    context.close()
    check(station, has_screen="segment" in script)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
