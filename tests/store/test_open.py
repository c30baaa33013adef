"""`EVENTS_URL` decides the engine, `LOOPLINE_STORE_MEMORY` how much it may hold."""

import pytest

from loopline.cli.commands import doctor
from loopline.lib.config import ConfigError, read_config
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
