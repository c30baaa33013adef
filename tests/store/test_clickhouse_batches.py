"""ClickHouse has no transaction over tables: what a batch cut off half-way looks like, and how it is completed."""

from datetime import timedelta

import pytest

from loopline.store.clickhouse_address import read_address
from loopline.store.clickhouse_engine import GIVEN_UP_AFTER
from loopline.store.engine import Batch, Engine, StoreError
from tests.engines import MakeEngine
from tests.store.rows import SettableClock, campaign, campaigns, events

pytestmark = [pytest.mark.parametrize("engine_kind", ["clickhouse"], indirect=True), pytest.mark.new_database]
CUT_OFF = Batch("loader:5", {"events": events("a", "b"), "campaign_facts": campaigns(campaign("c", 1))}, {"loader": 5})
COUNT = "SELECT count(*) AS n FROM events WHERE recorded_at <= $as_of"


def cut_off(engine: Engine, url: str) -> None:
    """Write a batch whose second table is gone, so that only the first one arrives."""
    address = read_address(url)
    client = address.client({})
    client.command(f"DROP TABLE {address.database}.campaign_facts SYNC")
    client.close()
    with pytest.raises(StoreError, match="does not count"):
        engine.write(CUT_OFF)
    engine.migrate()


def test_half_a_batch_is_never_seen_as_of_the_horizon(engine: Engine, engine_url: str):
    before = engine.write(Batch("loader:1", {"events": events("z")}, {"loader": 1}))
    cut_off(engine, engine_url)
    assert engine.rows("SELECT count(*) AS n FROM events") == [{"n": 3}]
    engine.write(Batch("other", {"events": events("y")}))
    assert engine.horizon() == before
    assert engine.rows(COUNT, {"as_of": engine.horizon()}) == [{"n": 1}]


def test_a_batch_cut_off_is_completed_by_repeating_it(engine: Engine, engine_url: str):
    cut_off(engine, engine_url)
    assert engine.cursor("loader") == 0
    stamp = engine.write(CUT_OFF)
    assert engine.rows(COUNT, {"as_of": stamp}) == [{"n": 2}]
    assert engine.rows("SELECT count(*) AS n FROM campaign_facts") == [{"n": 1}]
    assert (engine.cursor("loader"), engine.horizon()) == (5, stamp)


def test_a_writer_that_never_returns_holds_the_horizon_only_for_a_while(make_engine: MakeEngine, engine_url: str):
    clock = SettableClock()
    engine = make_engine(clock=clock)
    cut_off(engine, engine_url)
    other = engine.write(Batch("other", {"events": events("y")}))
    assert engine.horizon() < other
    clock.now += GIVEN_UP_AFTER + timedelta(seconds=1)
    assert engine.horizon() == other


def test_two_processes_may_write_and_stamps_still_grow(make_engine: MakeEngine):
    slow, fast = make_engine(clock=SettableClock()), make_engine()
    first = fast.write(Batch("t1", {"events": events("a")}))
    second = slow.write(Batch("t2", {"events": events("b")}))
    assert second > first
    assert slow.write(Batch("t1", {"events": events("a")})) == first
    assert fast.horizon() == second


@pytest.mark.parametrize("url", ["chdb://memory?database=a;b", "clickhouse://host/no-such-word", "clickhouse://h/1"])
def test_a_database_name_that_is_not_a_word_is_refused(engine_kind: str, url: str):
    with pytest.raises(StoreError, match="letters, digits"):
        read_address(url)


def test_the_parts_of_an_address_are_read(engine_kind: str):
    address = read_address("clickhouses://ana:p%40ss@ch.example.com:8443/numbers")
    assert address.database == "numbers"
    known = {key: address.connection[key] for key in ("interface", "host", "port", "username", "password")}
    assert known == {
        "interface": "https",
        "host": "ch.example.com",
        "port": 8443,
        "username": "ana",
        "password": "p@ss",
    }


def test_a_server_that_does_not_answer_is_named_as_such(engine_kind: str):
    with pytest.raises(StoreError, match="cannot be reached"):
        read_address("clickhouse://127.0.0.1:9/numbers").client({})
