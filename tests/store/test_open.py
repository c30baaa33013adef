"""`EVENTS_URL` decides the engine."""

from loopline.lib.config import read_config
from loopline.store.open import open_engine


def test_the_configured_event_store_opens_with_its_tables(engine_url, tmp_path):
    config = read_config({"LOOPLINE_DATA": str(tmp_path), "EVENTS_URL": engine_url})
    engine = open_engine(config)
    assert engine.rows("SELECT count(*) AS n FROM events") == [{"n": 0}]
    engine.close()
