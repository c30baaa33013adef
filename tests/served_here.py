"""A server that commands find in this process."""

import json
from pathlib import Path

import httpx
import pytest
from django.test import Client

from loopline.cli.bridge import Server
from loopline.cli.commands import report
from loopline.web import internal

URL = "http://127.0.0.1:1"


@pytest.fixture
def served_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`loopline report` asks the pages of this process, with their token; no port is opened."""
    announced = tmp_path / "server.json"
    internal.announce(announced, URL)
    server = Server(URL, json.loads(announced.read_text())["token"])

    def request(method: str, url: str, *, params: dict[str, str], headers: dict[str, str], timeout: int) -> object:
        answer = Client(headers=headers).generic(method, url.removeprefix(URL), query_params=params)
        return httpx.Response(answer.status_code, content=answer.content)

    monkeypatch.setattr(report, "running_server", lambda _config: server)
    monkeypatch.setattr(httpx, "request", request)
