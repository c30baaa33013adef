"""A backup of a server at work, put back: nothing acknowledged before is missing, nothing is there twice, and every
report says the same."""

import json
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from loopline.backup.turn import is_wanted_still
from tests.backup.compared import addresses, carried_over, figures, waiting, wrong_with
from tests.backup.conftest import planted, set_up_in
from tests.backup.traffic import Traffic
from tests.story.company import Installation
from tests.story.test_serving import wait_for


def told_by(backup: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((backup / "manifest.json").read_text())["backup"]
    return said


def settled(house: Installation, people: set[str]) -> None:
    """What had arrived is loaded, whoever was named is known, and all that is carried over."""
    wait_for(lambda: people <= set(addresses(house)), 60)
    wait_for(lambda: waiting(house) == 0, 60)


def wrong_after(
    again: Installation, key: str, traffic: Traffic, moment: datetime, as_it_was: tuple[str, object] | None = None
) -> list[str]:
    """What is wrong once the backup is back and went on working for a while."""
    events, people = traffic.before(moment)
    with again.serve() as server:
        if as_it_was is not None:
            assert figures(server, as_it_was[0]) == as_it_was[1]
        with Traffic(server.url, key, prefix="later") as later:
            time.sleep(0.5)
        people |= set(later.named)
        # Whoever does not come about, and whatever is not carried over, is told below.
        with suppress(AssertionError):
            settled(again, people)
    return wrong_with(again, events | set(later.said_yes), people)


def test_a_backup_of_a_server_at_work_gives_all_that_was_said_yes_to_and_the_same_figures(
    house: Installation, key: str, tmp_path: Path
) -> None:
    backed_up_at_work(house, key, tmp_path / "backup", Installation.new(tmp_path / "again"))


@pytest.mark.slow
def test_a_backup_at_work_holds_with_records_in_postgresql(new_database: Callable[[], str], tmp_path: Path) -> None:
    house = Installation.new(tmp_path / "data", DATABASE_URL=new_database())
    key = set_up_in(house)
    again = Installation.new(tmp_path / "again", DATABASE_URL=new_database())
    backed_up_at_work(house, key, tmp_path / "backup", again)


def backed_up_at_work(house: Installation, key: str, backup: Path, again: Installation) -> None:
    with house.serve() as server:
        with Traffic(server.url, key) as traffic:
            time.sleep(1)
            wait_for(lambda: carried_over(house) > 0 and len(addresses(house)) > 0, 60)
            done = planted(house, "slow", "backup", str(backup))
            assert done.returncode == 0, done.stderr
            time.sleep(0.3)
        assert traffic.refused == []
        told = told_by(backup)
        as_it_was = figures(server, told["horizon"])
        wait_for(lambda: waiting(house) == 0)  # it goes on: what waited while the store stood still is loaded
    moment = datetime.fromisoformat(told["at"])
    events, people = traffic.before(moment)
    assert len(events) > 20
    assert people
    assert len(traffic.said_yes) > len(events), "it was at work afterwards"
    again.run("restore", str(backup))
    assert wrong_after(again, key, traffic, moment, (told["horizon"], as_it_was)) == []


@pytest.mark.slow
@pytest.mark.parametrize("plant", ["records-first", "inbox-first", "not-still"])
def test_a_wrong_order_of_copying_is_found(house: Installation, key: str, tmp_path: Path, plant: str) -> None:
    """Between two copies something has to arrive, which chance decides: one of three backups shows it."""
    backups = [tmp_path / f"backup-{number}" for number in range(3)]
    with house.serve() as server, Traffic(server.url, key, senders=6, pause_s=0.01) as traffic:
        time.sleep(2)
        for backup in backups:
            done = planted(house, plant, "backup", str(backup))
            if done.returncode:
                assert "do not fit together" in done.stderr
                assert not backup.exists()
                return
    for backup in backups:
        again = Installation.new(tmp_path / f"again-{backup.name}")
        again.run("restore", str(backup))
        if wrong_after(again, key, traffic, datetime.fromisoformat(told_by(backup)["at"])):
            return
    pytest.fail("none of three backups showed that it was copied in a wrong order")


@pytest.mark.slow
def test_a_server_goes_on_when_the_command_is_killed_while_it_stands_still(
    house: Installation, key: str, tmp_path: Path
) -> None:
    with house.serve() as server:
        with Traffic(server.url, key) as traffic:
            time.sleep(1)
            # Its fifth step is the copy of the event store; its first four are the snapshots.
            assert planted(house, "die-5", "backup", str(tmp_path / "backup")).returncode == -signal.SIGKILL
        settled(house, set(traffic.named))
        with pytest.raises(AssertionError, match="SECRET_KEY is not that of the running server"):
            house.run("backup", str(tmp_path / "another"), SECRET_KEY="another key")
        house.run("backup", str(tmp_path / "another"))
    with pytest.raises(AssertionError, match="not finished"):
        Installation.new(tmp_path / "again").run("restore", str(tmp_path / "backup"))


@pytest.mark.slow
@pytest.mark.parametrize("is_killed", [True, False])
def test_a_backup_keeps_nothing_when_the_server_ends_while_it_stands_still(
    house: Installation, key: str, tmp_path: Path, is_killed: bool
) -> None:
    backup = tmp_path / "backup"
    with house.serve() as server, ThreadPoolExecutor(1) as pool:
        with Traffic(server.url, key) as traffic:
            time.sleep(1)
        made = pool.submit(planted, house, "slow", "backup", str(backup))
        wait_for(lambda: is_wanted_still(house.folder))
        wait_for(lambda: backup.exists())
        time.sleep(1)
        if is_killed:
            server.kill()
        else:
            server.stop()
        done = made.result()
    assert done.returncode == 1
    assert "did not answer" in done.stderr
    assert not backup.exists()
    with house.serve():
        settled(house, set(traffic.named))
    assert wrong_with(house, traffic.said_yes, traffic.named) == []
