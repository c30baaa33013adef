"""The touchpoints of the store say what its events say, whatever was written, repeated, erased or upgraded."""

import shutil
from pathlib import Path

import pytest

from loopline.store.engine import Batch, Engine, StoreFullError
from loopline.store.library import TABLES
from loopline.store.touches import COLUMNS
from tests.engines import MakeEngine, empty_duckdb
from tests.store.rows import events
from tests.store.test_migration import change

WRONG_NUMBERS = """
SELECT count(*) AS wrong FROM touches
WHERE identity_no <> hash(identity) OR visitor_no <> hash(visitor_id) OR coalesce(own_person_no, hash('no person'))
    <> CASE WHEN starts_with(identity, 'person:') THEN hash(substr(identity, 8)) ELSE hash('no person') END
"""


def touches(engine: Engine) -> list[str]:
    """Their event ids, and that each column says the same as the event's, and each number is that of its text."""
    columns = ", ".join(COLUMNS)
    told = engine.rows(f"SELECT {columns} FROM touches ORDER BY event_id, unit_id")
    assert told == engine.rows(f"SELECT {columns} FROM events WHERE touch_kind <> '' ORDER BY event_id, unit_id")
    assert engine.rows(WRONG_NUMBERS) == [{"wrong": 0}]
    return [str(row["event_id"]) for row in told]


def some(token: str) -> Batch:
    visit = {"touch_kind": "entry", "channel": "Email", "utm_campaign": "summer", "is_entry": True}
    shown = {**visit, "identity": "visitor:v", "visitor_id": "v"}
    return Batch(token, {"events": events(f"{token}-1", f"{token}-2", session_id=token, unit_id="north", **shown)})


def test_only_touchpoints_are_there_and_each_once(engine: Engine):
    engine.write(some("a"))
    engine.write(some("a"))
    engine.write(Batch("pages", {"events": events("page", identity="visitor:v")}))
    assert touches(engine) == ["a-1", "a-2"]


@pytest.mark.parametrize(("column", "value"), [("event_id", "a-1"), ("session_id", "a"), ("identity", "visitor:v")])
def test_what_is_erased_of_the_events_is_erased_of_them(engine: Engine, column: str, value: str):
    engine.write(some("a"))
    engine.write(some("b"))
    engine.write(Batch("elsewhere", {"events": events("a-1", unit_id="south", touch_kind="form", session_id="s")}))
    before = len(touches(engine))
    erased = engine.erase("events", column, [value])
    assert len(touches(engine)) == before - erased < before


@pytest.mark.new_database
@pytest.mark.parametrize("sign", ["none", "other columns"])
def test_a_store_of_before_gets_all_of_them(make_engine: MakeEngine, engine_url: str, sign: str):
    engine = make_engine()
    engine.write(some("a"))
    engine.close()
    kind = "TABLE" if engine_url.startswith("duckdb") else "VIEW"
    without = [] if sign == "none" else [f"CREATE {kind} touches AS SELECT event_id FROM events"]
    change(engine_url, f"DROP {kind} touches", *without)
    again = make_engine()
    assert touches(again) == ["a-1", "a-2"]
    again.write(some("b"))
    assert touches(again) == ["a-1", "a-2", "b-1", "b-2"]


def test_numbers_that_another_duckdb_made_are_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    engine = empty_duckdb(path)
    engine.write(Batch("a", {"events": events("a-1", identity="person:p", visitor_id="v", touch_kind="call")}))
    engine.close()
    change(f"duckdb:///{path}", "UPDATE touches SET identity_no = identity_no // 2, own_person_no = 1")
    again = empty_duckdb(path)
    assert touches(again) == ["a-1"]
    again.close()


@pytest.mark.new_database
def test_a_store_of_before_is_left_alone_where_the_disk_has_no_room_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.duckdb"
    empty_duckdb(path).close()
    change(f"duckdb:///{path}", "DROP TABLE touches")
    full = shutil.disk_usage(tmp_path)._replace(free=1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: full)
    with pytest.raises(StoreFullError, match="Nothing was changed"):
        empty_duckdb(path)
    monkeypatch.undo()
    engine = empty_duckdb(path)
    assert touches(engine) == []
    engine.close()


def test_they_have_columns_of_events_only():
    assert set(COLUMNS) <= {column.name for column in TABLES["events"].columns}


def test_they_say_what_was_written_over_in_the_events(engine: Engine):
    engine.write(some("a"))
    engine.blank("events", "event_id", ["a-1"], {"utm_campaign": ""})
    assert touches(engine) == ["a-1", "a-2"]
