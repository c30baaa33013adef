"""The recipes of docs/tracker.md, run by the web servers they are for, where those are installed.

What the recipe says is taken from the page; only Loopline's own address is put in.
"""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.collect.station import CHROME, Station
from tests.ports import free_port

DOCS = Path("docs/tracker.md")
VISITOR = "127.0.0.2"
"""Another address of this machine than the one the proxies come from, which is the one that is trusted."""
NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; {recipe} location / {{ return 200 "the site"; }} }}
}}
"""
CADDY = """
{{
  admin off
  auto_https off
}}
http://127.0.0.1:{port} {{
{recipe}
  respond "the site"
}}
"""
COMMANDS = {
    "nginx": (NGINX, ["nginx", "-e", "{folder}/error.log", "-c", "{folder}/conf"]),
    "Caddy": (CADDY, ["caddy", "run", "--adapter", "caddyfile", "--config", "{folder}/conf"]),
}


def recipe(name: str, url: str) -> str:
    """The lines that the page gives for this server, with Loopline at `url`."""
    [text] = re.findall(rf"[Ww]ith {name}:\n\n((?:    .*\n)+)", DOCS.read_text())
    return str(text).replace("https://loopline.example.com", url)


@pytest.fixture(params=list(COMMANDS))
def proxy(request: pytest.FixtureRequest, station: Station, tmp_path: Path) -> Iterator[str]:
    """The address of a site whose server passes the collector's two paths on."""
    form, command = COMMANDS[request.param]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed here")
    port, folder = free_port(), tmp_path / "proxy"
    folder.mkdir()
    (folder / "conf").write_text(form.format(folder=folder, port=port, recipe=recipe(request.param, station.url)))
    environment = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "PATH": "/usr/sbin:/usr/bin:/bin"}
    with (folder / "output").open("wb") as output:
        started = [one.format(folder=folder) for one in command]
        process = subprocess.Popen(started, stdout=output, stderr=output, env=environment)
    try:
        wait_until_open(port, process, folder / "output")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_until_open(port: int, process: "subprocess.Popen[bytes]", output: Path) -> None:
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"the web server did not start: {output.read_text()}")


def browser() -> httpx.Client:
    return httpx.Client(transport=httpx.HTTPTransport(local_address=VISITOR), headers={"User-Agent": CHROME})


PAGE = {"type": "page", "anonymousId": "a" * 32, "messageId": "m1", "context": {"consent": 2}}


def test_the_collector_answers_under_the_sites_own_path(proxy: str, station: Station) -> None:
    with browser() as visitor:
        script = visitor.get(proxy + "/ll/t.js")
        assert (script.status_code, script.text[:20]) == (200, httpx.get(station.url + "/t.js").text[:20])
        sent = visitor.post(proxy + "/ll/e", json={"batch": [PAGE], "writeKey": "browser-key"},
                            headers={"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": "203.0.113.9"})  # fmt: skip
        assert sent.status_code == 200, sent.text
        cookie = sent.headers["set-cookie"]
        assert cookie.startswith("_llv=" + "a" * 32)
        assert "domain" not in cookie.lower(), "on the site's host, whatever the collector's is called"
        assert visitor.get(proxy + "/ll/v1/batch").text == "the site", "nothing else is passed on"
        assert visitor.get(proxy + "/settings/").text == "the site"
    [row] = station.events("visitor_id, bot_verdict, browser")
    assert row == {"visitor_id": "a" * 32, "bot_verdict": "human", "browser": "Chrome"}
    assert addresses(station) == [VISITOR], "the visitor's own: neither the proxy's nor the one they made up"


def test_an_address_that_a_stranger_claims_is_not_believed(station: Station) -> None:
    with browser() as visitor:
        claim = {"X-Forwarded-For": "203.0.113.9"}
        assert visitor.post(station.url + "/e", json={"batch": [PAGE], "writeKey": "browser-key"}, headers=claim)
    assert addresses(station) == [VISITOR]


def addresses(station: Station) -> list[str]:
    return [request.ip for block in station.inbox.read(0, station.inbox.last_seq()) for request in block.requests]
