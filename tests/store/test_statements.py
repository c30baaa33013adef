"""Questions kept as DuckDB takes them apart: they hold neither values nor rows, and there are never too many."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from loopline.store.duckdb_statements import Statements
from loopline.store.engine import Batch, StoreError
from tests.engines import empty_duckdb
from tests.store.rows import events

ASKED = "SELECT event_id, $said AS said FROM events WHERE event_id >= $least ORDER BY event_id"


def test_a_question_asked_again_is_answered_by_its_values_and_by_what_is_stored_now(tmp_path: Path) -> None:
    engine = empty_duckdb(tmp_path / "events.duckdb")
    engine.write(Batch("1", {"events": events("a", "b")}))
    assert engine.rows(ASKED, {"least": "b", "said": 1}) == [{"event_id": "b", "said": 1}]
    engine.write(Batch("2", {"events": events("c")}))
    assert engine.rows(ASKED, {"least": "b", "said": "x"}) == [
        {"event_id": "b", "said": "x"},
        {"event_id": "c", "said": "x"},
    ]
    engine.compact()  # another connection, another file
    assert engine.query(ASKED, {"least": "c", "said": None}).to_pylist() == [{"event_id": "c", "said": None}]
    engine.close()


def test_many_threads_ask_the_same_with_values_of_their_own(tmp_path: Path) -> None:
    engine = empty_duckdb(tmp_path / "events.duckdb")
    engine.write(Batch("1", {"events": events(*(f"{number:03}" for number in range(200)))}))

    def ask(number: int) -> bool:
        found = engine.rows(ASKED, {"least": f"{number:03}", "said": number})
        return len(found) == 200 - number and all(row["said"] == number for row in found)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, [number % 200 for number in range(400)]))
    engine.close()


def test_the_latest_are_kept_and_what_is_refused_is_not() -> None:
    statements = Statements(most=2)
    with duckdb.connect() as reader:
        one = statements.of(reader, "SELECT 1")
        two = statements.of(reader, "SELECT 2")
        assert statements.of(reader, "SELECT 1") is one
        statements.of(reader, "SELECT 3")
        assert statements.of(reader, "SELECT 1") is one
        assert statements.of(reader, "SELECT 2") is not two
        for _ in range(2):
            with pytest.raises(StoreError, match="Only one SELECT"):
                statements.of(reader, "DROP TABLE events")
