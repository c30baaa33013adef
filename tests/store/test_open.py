"""`EVENTS_URL` decides the engine, `LOOPLINE_STORE_MEMORY` how much it may hold."""

import pytest

from loopline.cli.commands import doctor
from loopline.lib.config import ConfigError, read_config
from loopline.lib.memory import GB, memory_of_machine, store_memory_of, usual_store_memory
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.open import open_engine

pytestmark = pytest.mark.new_database


def test_the_configured_event_store_opens_with_its_tables(engine_url, tmp_path):
    config = read_config({"LOOPLINE_DATA": str(tmp_path), "EVENTS_URL": engine_url})
    engine = open_engine(config)
    assert engine.rows("SELECT count(*) AS n FROM events") == [{"n": 0}]
    engine.close()


def test_the_event_store_holds_no_more_memory_than_it_may_and_doctor_says_how_much(tmp_path):
    config = read_config({"LOOPLINE_DATA": str(tmp_path), "LOOPLINE_STORE_MEMORY": "300MB"})
    engine = open_engine(config)
    assert isinstance(engine, DuckDBEngine)
    told = engine._connection.execute("SELECT current_setting('memory_limit')").fetchone()
    engine.close()
    assert told == ("286.1 MiB",)
    assert "may hold 300MB in memory" in next(iter(dict(doctor.CHECKS)["events"](config))).text


@pytest.mark.parametrize("text", ["much", "0MB", "512", "-1GB", "80%"])
def test_a_limit_that_is_no_size_is_refused_in_words(text):
    with pytest.raises(ConfigError, match="such as 512MB"):
        read_config({"LOOPLINE_STORE_MEMORY": text})


@pytest.mark.parametrize(
    ("machine_gb", "may_hold"), [(0, "1GB"), (2, "1GB"), (15.9, "1GB"), (16, "2GB"), (25.3, "3GB"), (256, "4GB")]
)
def test_where_nobody_says_the_event_store_may_hold_an_eighth_of_the_memory(machine_gb, may_hold):
    assert store_memory_of(int(machine_gb * GB)) == may_hold


def test_the_memory_is_that_of_the_container_or_service_where_it_may_use_less(tmp_path):
    own, service = tmp_path / "own", tmp_path / "system.slice" / "loopline.service"
    machine = memory_of_machine(tmp_path, own)
    assert machine > GB, "no limit is told: the memory of this machine"
    (tmp_path / "memory.max").write_text("max\n", encoding="ascii")
    assert memory_of_machine(tmp_path, own) == machine
    service.mkdir(parents=True)
    (service / "memory.max").write_text("700000000\n", encoding="ascii")
    own.write_text("0::/system.slice/loopline.service\n", encoding="ascii")
    assert memory_of_machine(tmp_path, own) == 700_000_000
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("600000000\n", encoding="ascii")
    assert memory_of_machine(tmp_path, own) == 600_000_000
    assert read_config({}).store_memory == usual_store_memory()
