"""A server that stands still for a backup: what waits, what goes on, and when it ends."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from loopline.backup import BackupError, hold
from loopline.backup.turn import wanted_still
from loopline.facts import relay
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch
from loopline.web import internal

KEY = {"Authorization": "Bearer secret"}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(settings, "CONFIG", replace(settings.CONFIG, data=tmp_path))
    monkeypatch.setattr(internal, "_token", "secret")
    yield tmp_path
    hold.let_go()


def went_on(name: str) -> bool:
    until = time.monotonic() + 10
    while hold.is_held(name) and time.monotonic() < until:
        time.sleep(0.01)
    return not hold.is_held(name)


def test_batches_and_facts_wait_as_long_as_the_command_wants_and_questions_do_not(
    store: DuckDBEngine, data: Path
) -> None:
    store.write(Batch("first", {}, {"events": 1}))
    with ThreadPoolExecutor(1) as pool:
        with wanted_still(data):
            name = hold.hold(data, store)
            assert hold.is_held(name)
            assert not hold.is_held("another")
            waits = pool.submit(store.write, Batch("second", {}, {"events": 2}))
            time.sleep(0.2)
            assert not waits.done()
            assert relay.turn.locked()
            assert store.horizon()
            assert store.cursor("events") == 1
        waits.result(10)
    assert store.cursor("events") == 2
    assert went_on(name)
    assert not relay.turn.locked()


def test_nobody_stands_still_for_a_command_that_is_gone(store: DuckDBEngine, data: Path) -> None:
    with pytest.raises(BackupError, match="no command is making a backup"):
        hold.hold(data, store)
    assert not relay.turn.locked()


def test_it_ends_when_the_server_stops_or_after_a_time(
    store: DuckDBEngine, data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with wanted_still(data):
        name = hold.hold(data, store)
        hold.let_go()
        assert went_on(name)
        monkeypatch.setattr(hold, "AT_MOST_S", 0.05)
        assert went_on(hold.hold(data, store))
    assert "A backup kept the event store still for an hour" in caplog.text


def test_a_server_that_goes_on_writing_says_that_it_cannot(
    store: DuckDBEngine, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "BEGINS_WITHIN_S", 0.05)
    with wanted_still(data), relay.turn, pytest.raises(BackupError, match="could not stand still"):
        hold.hold(data, store)
    until = time.monotonic() + 10
    while any(thread.name == "backup" for thread in threading.enumerate()) and time.monotonic() < until:
        time.sleep(0.01)
    assert not relay.turn.locked()


@pytest.mark.django_db
def test_only_who_carries_the_token_stops_the_server(store: DuckDBEngine, data: Path) -> None:
    client = Client(enforce_csrf_checks=True)  # a command has no cookie
    with wanted_still(data):
        assert client.post("/internal/backup/hold").status_code == 404
        assert client.post("/internal/backup/hold", headers={"Authorization": "Bearer other"}).status_code == 404
        assert not relay.turn.locked()
        told = client.post("/internal/backup/hold", headers=KEY).json()
        assert told["records"] == connection.vendor
        assert settings.SECRET_KEY not in str(told)
        address = f"/internal/backup/hold/{told['hold']}"
        assert client.get(address).status_code == 404
        assert client.get(address, headers=KEY).json() == {"is_held": True}
    assert went_on(told["hold"])
    assert client.get(address, headers=KEY).json() == {"is_held": False}
    assert client.post("/internal/backup/hold", headers=KEY).status_code == 409


def test_a_command_that_was_killed_while_it_waited_does_not_hold_up_the_next(store: DuckDBEngine, data: Path) -> None:
    relay.turn.acquire()  # the server is writing
    with ThreadPoolExecutor(2) as pool:
        with wanted_still(data):
            asked_in(pool, store, data)
        with wanted_still(data):
            next_one = asked_in(pool, store, data)
            relay.turn.release()
            assert hold.is_held(next_one.result(10))


def asked_in(pool: ThreadPoolExecutor, store: DuckDBEngine, data: Path) -> "Future[str]":
    """The answer to a command that waits for it, once the server knows that it was asked."""
    before = hold._latest
    answer = pool.submit(hold.hold, data, store)
    until = time.monotonic() + 10
    while hold._latest is before and time.monotonic() < until:
        time.sleep(0.01)
    return answer
