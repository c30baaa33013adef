"""The numbers beside the texts of events say what the texts say: as written, in stores of before, after a kill."""

import shutil
from pathlib import Path

import pytest

from loopline.store import duckdb_tables
from loopline.store.engine import Batch, Engine, StoreError, StoreFullError
from loopline.store.library import TABLES
from tests.engines import MakeEngine, empty_duckdb
from tests.store.rows import events
from tests.store.test_migration import change

NUMBERS = TABLES["events"].numbers
WITHOUT = [f"ALTER TABLE events DROP COLUMN {number.name}" for number in NUMBERS]
ROWS = 10


def wrong(engine: Engine) -> int:
    differ = " OR ".join(f"coalesce({one.name}, hash('nothing')) <> hash({one.of})" for one in NUMBERS)
    [row] = engine.rows(f"SELECT count(*) AS wrong FROM events WHERE {differ}")
    return int(str(row["wrong"]))


def some(token: str, many: int = ROWS) -> Batch:
    names = [f"{token}-{place}" for place in range(many)]
    return Batch(token, {"events": events(*names, identity=f"visitor:{token}", visitor_id=token)})


def count(engine: Engine) -> int:
    [row] = engine.rows("SELECT count(*) AS found FROM events")
    return int(str(row["found"]))


def test_every_event_gets_them_as_it_is_written(engine: Engine):
    engine.write(some("a"))
    engine.write(some("b"))
    assert (wrong(engine), count(engine)) == (0, 2 * ROWS)


def test_who_writes_does_not_give_them():
    assert not {number.name for number in NUMBERS} & {field.name for field in TABLES["events"].arrow_schema}


def test_a_text_with_a_number_cannot_be_written_over(engine: Engine):
    engine.write(some("a"))
    with pytest.raises(StoreError, match="found by identity"):
        engine.blank("events", "event_id", ["a-1"], {"identity": ""})
    assert wrong(engine) == 0


@pytest.mark.new_database
def test_a_store_of_before_gets_them(make_engine: MakeEngine, engine_url: str):
    engine = make_engine()
    engine.write(some("a"))
    engine.close()
    kind = "TABLE" if engine_url.startswith("duckdb") else "VIEW"
    change(engine_url, f"DROP {kind} touches", *WITHOUT)  # a view of touchpoints reads them
    again = make_engine()
    again.write(some("b"))
    assert (wrong(again), count(again)) == (0, 2 * ROWS)


def without_numbers(path: Path) -> str:
    engine = empty_duckdb(path)
    engine.write(some("a"))
    engine.write(some("b"))
    engine.erase("events", "event_id", ["a-3", "b-4"])
    engine.close()
    url = f"duckdb:///{path}"
    change(url, *WITHOUT)
    return url


@pytest.mark.new_database
@pytest.mark.parametrize("at_once", [1, 3, 18, 1000])
def test_they_are_made_in_steps_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int):
    without_numbers(tmp_path / "events.duckdb")
    monkeypatch.setattr(duckdb_tables, "AT_ONCE", at_once)
    again = empty_duckdb(tmp_path / "events.duckdb")
    assert (wrong(again), count(again)) == (0, 2 * ROWS - 2)
    again.close()


@pytest.mark.new_database
def test_killed_halfway_the_next_start_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "events.duckdb"
    url = without_numbers(path)
    numbers = " , ".join(f"{one.name} = hash({one.of})" for one in NUMBERS)
    blank = " , ".join(f"{one.name} = NULL" for one in NUMBERS)
    change(
        url,
        *(f"ALTER TABLE events ADD COLUMN {one.name} UBIGINT" for one in NUMBERS),
        f"UPDATE events SET {numbers}",
        f"UPDATE events SET {blank} WHERE rowid < 7",
    )
    again = empty_duckdb(path)
    assert (wrong(again), count(again)) == (0, 2 * ROWS - 2)
    again.close()


@pytest.mark.new_database
def test_those_that_another_duckdb_made_are_made_anew(tmp_path: Path):
    path = tmp_path / "events.duckdb"
    engine = empty_duckdb(path)
    engine.write(some("a"))
    engine.close()
    change(f"duckdb:///{path}", "UPDATE events SET identity_no = identity_no // 2")
    again = empty_duckdb(path)
    assert (wrong(again), count(again)) == (0, ROWS)
    again.close()


@pytest.mark.new_database
def test_a_store_of_before_is_left_alone_where_the_disk_has_no_room_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "events.duckdb"
    without_numbers(path)
    full = shutil.disk_usage(tmp_path)._replace(free=1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: full)
    with pytest.raises(StoreFullError, match="Nothing was changed"):
        empty_duckdb(path)
    monkeypatch.undo()
    again = empty_duckdb(path)
    assert (wrong(again), count(again)) == (0, 2 * ROWS - 2)
    again.close()


@pytest.mark.new_database
def test_they_stay_with_their_events_when_the_file_is_written_anew(tmp_path: Path):
    engine = empty_duckdb(tmp_path / "events.duckdb")
    engine.write(some("a"))
    engine.erase("events", "event_id", ["a-1"])
    engine.compact()
    engine.write(some("b"))
    assert (wrong(engine), count(engine)) == (0, 2 * ROWS - 1)
    engine.close()
