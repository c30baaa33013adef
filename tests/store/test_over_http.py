"""`clickhouse://` speaks ClickHouse's HTTP interface: what goes over it is understood by ClickHouse's engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loopline.store.clickhouse_engine import ClickHouseEngine
from loopline.store.engine import Batch, StoreError
from tests.store.clickhouse_server import clickhouse_server
from tests.store.rows import events
from tests.store.test_reading import PARTS


@pytest.fixture(scope="module")
def remote(chdb_folder: Path) -> Iterator[ClickHouseEngine]:
    with clickhouse_server(chdb_folder) as url:
        engine = ClickHouseEngine(f"{url}/over_http")
        engine.migrate()
        engine.write(Batch("loader:1", {"events": events("a", "b")}, {"loader": 3}))
        yield engine
        engine.close()


def test_a_batch_is_written_once_and_read_as_of_its_moment(remote: ClickHouseEngine):
    assert remote.write(Batch("loader:1", {"events": events("a", "b")}, {"loader": 3})) == remote.horizon()
    assert remote.cursor("loader") == 3
    seen = remote.rows("SELECT event_id FROM events WHERE recorded_at <= $as_of", {"as_of": remote.horizon()})
    assert [row["event_id"] for row in seen] == ["a", "b"]


def test_more_values_than_an_address_holds_are_given_with_a_question(remote: ClickHouseEngine):
    asked = ["a", "it's a “b” \\ here", *(f"visitor-{number}" for number in range(5_000))]
    sql = "SELECT event_id FROM events WHERE event_id IN (SELECT unnest($ids))"
    assert remote.rows(sql, {"ids": asked}) == [{"event_id": "a"}]


def test_a_question_in_steps_has_a_session_of_its_own(remote: ClickHouseEngine):
    fails = PARTS.replace("max(v)", "max(no_such_column)")
    for _ in range(2):
        assert [row["event_id"] for row in remote.rows(PARTS, {"least": 0})] == ["a", "b", "most"]
        with pytest.raises(StoreError):
            remote.rows(fails, {"least": 0})


def test_who_is_erased_is_gone(remote: ClickHouseEngine):
    remote.write(Batch("loader:2", {"events": events("gone")}))
    assert remote.erase("events", "event_id", ["gone"]) == 1
    assert remote.rows("SELECT event_id FROM events ORDER BY event_id") == [{"event_id": "a"}, {"event_id": "b"}]


def test_a_server_that_is_not_there_is_told_with_what_to_check():
    with pytest.raises(StoreError, match="Check EVENTS_URL and the server"):
        ClickHouseEngine("clickhouse://127.0.0.1:9/none")
