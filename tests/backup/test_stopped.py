"""A backup of a server that does not run, put back; and all that is refused, each with its sentence."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pysqlite3 import dbapi2 as sqlite

from loopline.backup import BackupError
from loopline.backup.making import Still, make_backup
from loopline.backup.manifest import FORMAT
from loopline.backup.turn import only_backup
from loopline.cli.main import main
from loopline.collect.own import OwnEvent, close_logs, report_event
from loopline.lib.times import utc_now
from tests.backup.conftest import planted
from tests.story.company import Installation

ERASED_BEFORE, ERASED_SINCE = (
    '{"at": "2026-03-01T00:00:00+00:00", "person_ids": [], "marks": []}',
    '{"at": "2026-03-02T00:00:00+00:00", "person_ids": [], "marks": []}',
)


@pytest.fixture(scope="module")
def lived(set_up: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Installation, Path]:
    """An installation with something of everything in it, and a backup of it, made while no server runs."""
    folder = tmp_path_factory.mktemp("lived")
    house = Installation.new(Path(shutil.copytree(set_up[0], folder / "data")))
    house.run("doctor")  # makes what is missing yet
    event = OwnEvent(event_id="e1", kind="track", name="Trial started", unit_id="u", occurred_at=utc_now())
    report_event(house.folder, event)
    close_logs(house.folder)
    for name, content in (
        ("archive/inbox-2026-03-01.parquet", "a day"), ("imports/1/0-people.csv", "name"),
        ("erased.jsonl", f"{ERASED_BEFORE}\n"),
        ("run/server.json", "{}"), ("cache/x", "x"), ("events.duckdb.kept/x.arrow", "x"), ("notes.txt", "mine"),
    ):  # fmt: skip
        (house.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (house.folder / name).write_text(content)
    house.environment = {**house.environment, "LOOPLINE_TOLD": house.run("backup", str(folder / "backup"))}
    return house, folder / "backup"


@pytest.fixture(autouse=True)
def _migrations_are_known(settings: Any) -> None:
    """Tests that use the records do without them."""
    settings.MIGRATION_MODULES = {}


@pytest.fixture
def backup(lived: tuple[Installation, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(lived[1], tmp_path / "backup"))


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where restoring goes."""
    folder = tmp_path / "restored"
    monkeypatch.setenv("LOOPLINE_DATA", str(folder))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_backup_holds_all_that_is_needed_for_its_owner_only(lived: tuple[Installation, Path]) -> None:
    house, backup = lived
    assert set(contents(backup)) == {
        "collect.sqlite", "records.sqlite", "inbox.sqlite", "keys.sqlite", "events.duckdb", "secret_key",
        "erased.jsonl", "archive/inbox-2026-03-01.parquet", "imports/1/0-people.csv", "manifest.json",
    }  # fmt: skip
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (backup, *backup.rglob("*")) if path.is_dir()}
    assert modes == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in backup.rglob("*") if path.is_file()} == {0o600}
    told = house.environment["LOOPLINE_TOLD"]
    assert "Not Loopline's and not copied: notes.txt." in told
    assert (house.folder / "secret_key").read_text() not in told + (backup / "manifest.json").read_text()
    assert "the last backup was made" in house.run("doctor")


def test_what_is_put_back_is_what_was_there(backup: Path, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", str(backup), "--check"]) == 0
    assert not empty.exists()
    assert main(["restore", str(backup)]) == 0
    told = capsys.readouterr().out
    assert "loopline erase --again" in told
    was = contents(backup)
    was.pop("manifest.json")
    assert contents(empty) == was
    assert {stat.S_IMODE(path.stat().st_mode) for path in empty.rglob("*") if path.is_file()} == {0o600}
    again = Installation.new(empty)
    assert "e1" in again.run("doctor") or "1 events received" in again.run("doctor")
    assert main(["restore", str(backup)]) == 1
    assert "is not empty" in capsys.readouterr().err


def test_every_file_a_server_makes_is_copied_or_left_out_on_purpose(
    lived: tuple[Installation, Path], tmp_path: Path
) -> None:
    house = Installation.new(Path(shutil.copytree(lived[0].folder, tmp_path / "data")))
    (house.folder / "notes.txt").unlink()
    with house.serve() as server:
        server.events()
        shutil.move(house.folder / "serve.log", tmp_path)
        assert "Not Loopline's" not in house.run("backup", str(tmp_path / "backup"))


def test_erasures_since_the_backup_are_named_from_a_newer_list(
    backup: Path, empty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = tmp_path / "newer"
    newer.mkdir()
    assert main(["restore", str(backup), "--erasures", str(newer)]) == 1
    assert "erased.jsonl is not there" in capsys.readouterr().err
    assert not empty.exists()
    assert main(["restore", str(backup), "--erasures", str(backup / "manifest.json")]) == 1
    assert "manifest.json is no list of erasures" in capsys.readouterr().err
    assert not empty.exists()
    (newer / "erased.jsonl").write_text(f'{ERASED_BEFORE}\n{ERASED_SINCE}\n{{"at": "cut o')
    assert main(["restore", str(backup), "--erasures", str(newer)]) == 0
    assert (empty / "erased.jsonl").read_text() == f"{ERASED_BEFORE}\n{ERASED_SINCE}\n"


def _cut_off(backup: Path) -> None:
    os.truncate(backup / "records.sqlite", 5_000)


def _flip(name: str, at: int) -> Callable[[Path], None]:
    def change(backup: Path) -> None:
        content = bytearray((backup / name).read_bytes())
        content[at] ^= 1
        (backup / name).write_bytes(content)

    return change


def _rewrite(old: str, new: str) -> Callable[[Path], None]:
    """Another manifest with a digest that is right: what somebody else's program would write."""

    def change(backup: Path) -> None:
        from hashlib import sha256

        body = json.dumps(json.loads((backup / "manifest.json").read_text())["backup"]).replace(old, new)
        digest = sha256(body.encode()).hexdigest()
        (backup / "manifest.json").write_text(f'{{"digest": "{digest}", "backup": {body}}}')

    return change


@pytest.mark.parametrize(("spoil", "said"), [
    (lambda backup: shutil.rmtree(backup), "no manifest.json"),
    (lambda backup: (backup / "manifest.json").unlink(), "not finished"),
    (lambda backup: (backup / "manifest.json").write_text("{"), "changed or damaged"),
    (_flip("manifest.json", 200), "changed or damaged"),
    (_flip("manifest.json", -3), "changed or damaged"),
    (lambda backup: (backup / "inbox.sqlite").unlink(), "inbox.sqlite is missing"),
    (_cut_off, "cut off"),
    (_flip("events.duckdb", 70_000), "events.duckdb does not read as it was written"),
    (_flip("archive/inbox-2026-03-01.parquet", 2), "does not read as it was written"),
    (lambda backup: (backup / "secret_key").unlink(), "secret_key is missing"),
    (_rewrite(f'"format": {FORMAT}', '"format": 99'), "newer Loopline"),
    (_rewrite('"schema": ', '"schema": 9'), "newer Loopline"),
    (_rewrite("access.0001_initial", "access.0999_later"), "newer Loopline"),
    (_rewrite('"secret_key"', '"../secret_key"'), "no part of Loopline's data"),
    (_rewrite('"secret_key"', '"/etc/passwd"'), "no part of Loopline's data"),
    (_rewrite('"records": {', '"nothing": {'), "changed or damaged"),
])  # fmt: skip
def test_a_backup_that_is_not_whole_is_refused_and_nothing_is_written(
    spoil: Callable[[Path], None], said: str, backup: Path, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(backup)
    for more in ([], ["--check"]):
        assert main(["restore", str(backup), *more]) == 1
        told = capsys.readouterr()
        assert said in told.err
        assert "is whole" not in told.out
    assert not empty.exists()


def test_a_link_in_the_place_of_a_file_is_not_followed(
    backup: Path, empty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.move(backup / "keys.sqlite", tmp_path / "keys.sqlite")
    (backup / "keys.sqlite").symlink_to(tmp_path / "keys.sqlite")
    assert main(["restore", str(backup)]) == 1
    assert "keys.sqlite is missing" in capsys.readouterr().err
    assert not empty.exists()


@pytest.mark.parametrize(("name", "value", "said"), [
    ("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", "Restore without DATABASE_URL"),
    ("EVENTS_URL", "clickhouse://127.0.0.1:1/none", "EVENTS_URL names something else"),
])  # fmt: skip
def test_other_kinds_of_databases_than_those_of_the_backup_are_refused(
    name: str, value: str, said: str, backup: Path, empty: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv(name, value)
    assert main(["restore", str(backup)]) == 1
    assert said in capsys.readouterr().err.replace("\n", " ")
    assert not empty.exists()


def test_an_event_store_elsewhere_is_written_there_and_never_over(
    backup: Path, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "disk" / "store.duckdb"
    monkeypatch.setenv("EVENTS_URL", f"duckdb:///{elsewhere}")
    assert main(["restore", str(backup)]) == 0
    assert elsewhere.read_bytes() == (backup / "events.duckdb").read_bytes()
    assert not (empty / "events.duckdb").exists()
    shutil.rmtree(empty)
    assert main(["restore", str(backup)]) == 1
    assert "store.duckdb is there already" in capsys.readouterr().err


def test_places_that_cannot_take_a_backup_are_refused(lived: tuple[Installation, Path], tmp_path: Path) -> None:
    house, backup = lived
    was = contents(backup)
    (tmp_path / "file").write_text("mine")
    for target, said in (
        (backup, "is not empty"), (house.folder / "backup", "within the data itself"), (tmp_path / "file", "is a file"),
    ):  # fmt: skip
        with pytest.raises(BackupError, match=said):
            make_backup(house.folder, target, nullcontext(Still(None)))
    assert (tmp_path / "file").read_text() == "mine"
    assert contents(backup) == was
    assert not (house.folder / "backup").exists()


def test_what_others_are_at_is_waited_for(lived: tuple[Installation, Path], tmp_path: Path) -> None:
    house, _ = lived
    with only_backup(house.folder), pytest.raises(AssertionError, match="another backup is being made"):
        house.run("backup", str(tmp_path / "new"))
    with closing(duckdb.connect(str(house.folder / "events.duckdb"))), pytest.raises(AssertionError, match="in use by"):
        house.run("backup", str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here (it takes root)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_and_keeps_nothing(
    lived: tuple[Installation, Path],
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    house, backup = lived
    with pytest.raises(AssertionError, match=r"the disk of .* is full"):
        house.run("backup", str(small_disk / "backup"))
    assert list(small_disk.iterdir()) == []
    monkeypatch.setenv("LOOPLINE_DATA", str(small_disk / "data"))
    assert main(["restore", str(backup)]) == 1
    said = capsys.readouterr().err
    told = re.search(
        r"the disk of .* has ([\d.]+) MB free, and the backup needs ([\d.]+) MB there; ([\d.]+) MB are l", said
    )
    assert told, said
    free, needed, lacking = map(float, told.groups())
    assert needed - free == pytest.approx(lacking, abs=0.2)
    assert "Nothing was written" in said
    assert list(small_disk.iterdir()) == []


def test_room_is_asked_of_the_disk_on_which_each_part_goes(
    lived: tuple[Installation, Path],
    small_disk: Path,
    empty: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The event store may lie on a disk of its own; that of the folder has room enough for all."""
    _, backup = lived
    mine = small_disk / "mine"
    mine.write_bytes(bytes(shutil.disk_usage(small_disk).free - 2**14))
    monkeypatch.setenv("EVENTS_URL", f"duckdb:///{small_disk}/events/it.duckdb")
    assert main(["restore", str(backup)]) == 1
    said = capsys.readouterr().err
    assert f"the disk of {small_disk}/events has" in said
    assert "Nothing was written" in said
    assert (list(small_disk.iterdir()), empty.exists()) == ([mine], False)


@pytest.mark.parametrize(
    "step", [5, *(pytest.param(one, marks=pytest.mark.slow) for one in (1, 2, 3, 4, 6, 7, 8, 9, 10))]
)
def test_a_backup_killed_on_the_way_is_no_backup(
    step: int, lived: tuple[Installation, Path], tmp_path: Path, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house, _ = lived
    backup = tmp_path / "backup"
    assert planted(house, f"die-{step}", "backup", str(backup)).returncode == -signal.SIGKILL
    assert main(["restore", str(backup)]) == 1
    assert "not finished" in capsys.readouterr().err
    assert not empty.exists()
    if step == 5:
        house.run("backup", str(tmp_path / "another"))


@pytest.mark.parametrize("step", [3, *(pytest.param(one, marks=pytest.mark.slow) for one in (1, 2, 5, 8, 9))])
def test_what_is_put_back_in_part_is_used_by_nobody(
    step: int, backup: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], empty: Path
) -> None:
    again = Installation.new(empty)
    done = planted(again, f"die-{step}", "restore", str(backup))
    assert done.returncode == -signal.SIGKILL, done.stderr
    with pytest.raises(AssertionError, match="holds a part of a backup"):
        again.run("serve")
    assert main(["restore", str(backup)]) == 1
    assert "not put back to its end" in capsys.readouterr().err
    shutil.rmtree(empty)
    assert main(["restore", str(backup)]) == 0


def test_an_inbox_that_a_crash_damaged_is_mended_before_it_is_copied(set_up: tuple[Path, str], tmp_path: Path) -> None:
    house, live = Installation.new(Path(shutil.copytree(set_up[0], tmp_path / "data"))), tmp_path / "live"
    for number in range(3):
        report_event(live, OwnEvent(f"e{number}", "track", "Trial started", "u", utc_now()))
    for path in house.folder.glob("inbox.*"):
        path.unlink()
    for name in ("inbox.sqlite", "inbox.sqlite-wal", "inbox.end"):  # as a power cut leaves them
        shutil.copy(live / name, house.folder / name)
    close_logs(live)
    log = house.folder / "inbox.sqlite-wal"
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    house.run("backup", str(tmp_path / "backup"))
    with closing(sqlite.connect(str(tmp_path / "backup" / "inbox.sqlite"))) as inbox:
        assert "The inbox was damaged" in inbox.execute("SELECT words FROM damages").fetchone()[0]
        assert inbox.execute("SELECT max(seq) FROM blocks").fetchone() == (3,)
