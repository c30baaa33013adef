"""The server stops in an order in which nobody asks what is closed already."""

import threading
from pathlib import Path
from typing import Any

import pytest

from loopline.lib.config import read_config
from loopline.web import server as served
from loopline.web.background import Crew, Worker
from tests.engines import empty_duckdb


@pytest.mark.django_db
def test_workers_may_read_the_inbox_until_they_have_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setenv("LOOPLINE_DATA", str(tmp_path))
    monkeypatch.setattr(served, "open_engine", lambda _: empty_duckdb(tmp_path / "events.duckdb"))
    server = served.Server(read_config())
    read: list[int] = []

    def last_look(stop: threading.Event) -> None:
        stop.wait()
        read.append(server._inbox.last_seq())

    server._crew = Crew([Worker("last look", last_look)])
    server.start()
    server.stop()
    assert read == [0]
