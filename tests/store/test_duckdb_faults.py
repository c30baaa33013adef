"""One owner, and whatever stops it: what was reported as stored is there, what was not is not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.duckdb_errors import refuse_old_version
from loopline.store.engine import Batch, StoreError, StoreFullError
from tests.store.rows import events

ROWS_PER_BATCH = 500
WRITER = """
import sys
from pathlib import Path
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch
from tests.store.rows import events

engine = DuckDBEngine(Path(sys.argv[1]))
engine.migrate()
for number in range(engine.cursor("loader") + 1, 100_000):
    rows = events(*(f"{number}-{n}" for n in range(int(sys.argv[2]))), properties="x" * 500)
    engine.write(Batch(f"loader:{number}", {"events": rows}, {"loader": number}))
    print(number, flush=True)
"""


def start_writer(path: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, str(path), str(ROWS_PER_BATCH)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def opened(path: Path, **given: int) -> DuckDBEngine:
    engine = DuckDBEngine(path, **given)
    engine.migrate()
    return engine


def stored(engine: DuckDBEngine) -> int:
    [row] = engine.rows("SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM events")
    assert row["n"] == row["ids"]
    return int(str(row["n"]))


def test_killing_the_writer_at_any_moment_loses_nothing_and_doubles_nothing(tmp_path: Path):
    path = tmp_path / "events.duckdb"
    for delay_s in (0.02, 0.31, 0.17):
        writer = start_writer(path)
        assert writer.stdout is not None
        acknowledged = int(writer.stdout.readline())
        time.sleep(delay_s)
        writer.kill()
        acknowledged = max([acknowledged, *map(int, writer.stdout.read().split())])
        writer.wait()
        writer.stdout.close()
        engine = opened(path)
        assert stored(engine) == engine.cursor("loader") * ROWS_PER_BATCH
        assert engine.cursor("loader") in (acknowledged, acknowledged + 1)
        engine.close()


def test_a_second_process_is_told_who_owns_the_file(tmp_path: Path):
    path = tmp_path / "events.duckdb"
    writer = start_writer(path)
    assert writer.stdout is not None
    writer.stdout.readline()
    with pytest.raises(StoreError, match=rf"process {writer.pid} .*running server"):
        DuckDBEngine(path)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    opened(path).close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MB of its own, which only the administrator of the machine can make."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or not mounted("-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)):
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mounted(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


def write_until_full(engine: DuckDBEngine) -> tuple[int, StoreFullError]:
    """Number of batches stored, and the refusal of the next."""
    number = 0
    while True:
        try:
            engine.write(incompressible(number + 1))
        except StoreFullError as error:
            return number, error
        number += 1


def incompressible(number: int) -> Batch:
    rows = events(*(os.urandom(400).hex() for _ in range(ROWS_PER_BATCH * 10)))
    return Batch(f"loader:{number}", {"events": rows}, {"loader": number})


def test_a_nearly_full_disk_refuses_batches_before_it_stops_the_store(small_disk: Path):
    engine = opened(small_disk / "events.duckdb", reserve_bytes=24 * 2**20)
    number, error = write_until_full(engine)
    assert "Free some space" in str(error)
    assert not engine.is_dead
    assert (stored(engine), engine.cursor("loader")) == (number * ROWS_PER_BATCH * 10, number)
    assert mounted("-o", "remount,size=200m", str(small_disk))
    engine.write(incompressible(number + 1))
    assert (stored(engine), engine.cursor("loader")) == ((number + 1) * ROWS_PER_BATCH * 10, number + 1)
    engine.close()


def test_a_full_disk_keeps_all_that_was_reported_as_stored(small_disk: Path):
    engine = opened(small_disk / "events.duckdb", reserve_bytes=0)
    number, error = write_until_full(engine)
    assert number > 0
    if engine.is_dead:
        assert "start this process again" in str(error)
        with pytest.raises(StoreError, match="start this process again"):
            engine.rows("SELECT 1 AS v")
    engine.close()
    assert mounted("-o", "remount,size=200m", str(small_disk))
    again = opened(small_disk / "events.duckdb")
    assert again.cursor("loader") in (number, number + 1)
    assert stored(again) == again.cursor("loader") * ROWS_PER_BATCH * 10
    again.close()


def test_a_duckdb_before_2_is_refused():
    with pytest.raises(StoreError, match="needs 2 or later"):
        refuse_old_version("1.5.2")
    refuse_old_version(duckdb.__version__)


def test_the_file_has_no_indexes_and_its_settings_are_locked(tmp_path: Path):
    engine = opened(tmp_path / "events.duckdb")
    assert engine.rows("SELECT count(*) AS n FROM duckdb_indexes()") == [{"n": 0}]
    wanted = ["autoinstall_known_extensions", "autoload_known_extensions", "enable_external_access"]
    sql = "SELECT name, value FROM duckdb_settings() WHERE name IN (SELECT unnest($names)) ORDER BY name"
    assert [row["value"] for row in engine.rows(sql, {"names": wanted})] == ["false"] * 3
    locked = engine.rows("SELECT current_setting('lock_configuration') AS v, current_setting('TimeZone') AS zone")
    assert locked == [{"v": True, "zone": "UTC"}]
    engine.close()


def test_a_file_that_is_no_event_store_is_refused_with_its_name(tmp_path: Path):
    path = tmp_path / "events.duckdb"
    path.write_text("this is a diary, not a database\n" * 1000)
    with pytest.raises(StoreError, match=r"events\.duckdb"):
        DuckDBEngine(path)
