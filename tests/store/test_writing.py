"""A batch is stored whole, durably and once, with the cursors it moves."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from loopline.store.clickhouse_engine import ROWS_PER_BLOCK
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch, Engine, StoreError
from tests.engines import MakeEngine
from tests.store.rows import NOON, SettableClock, campaign, campaigns, events, minutes

COUNT = "SELECT count(*) AS n FROM events"


def count(engine: Engine) -> object:
    return engine.rows(COUNT)[0]["n"]


def test_every_type_comes_back_as_it_went_in(engine: Engine):
    long_ago = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    given = campaign(
        "c-1",
        2**60,
        name='Vår "kampanje" \\ 🌱\n',
        channel="",
        budget_minor=-(2**60),
        starts_on=date(1931, 5, 17),
        ends_on=None,
        is_deleted=True,
        occurred_at=long_ago,
    )
    stamp = engine.write(Batch("t", {"campaign_facts": campaigns(given)}))
    [row] = engine.rows("SELECT * FROM campaign_facts")
    assert row == {"unit_id": "", "status": "", "currency": "", "owner_id": "", **given, "recorded_at": stamp}
    assert {type(row["version"]), type(row["is_deleted"]), type(row["starts_on"])} == {int, bool, date}
    assert row["occurred_at"].tzinfo is UTC


def test_a_batch_with_one_bad_table_keeps_nothing(engine: Engine):
    bad = campaigns(campaign("c", 1)).drop_columns(["name"])
    for rows in ({"events": events("a"), "campaign_facts": bad}, {"events": events("a"), "no_such_table": bad}):
        with pytest.raises(StoreError):
            engine.write(Batch("t", rows, {"loader": 7}))
    future = campaigns(campaign("c", 1, recorded_at=datetime(2999, 1, 1, tzinfo=UTC)))
    with pytest.raises(StoreError, match="future"):
        engine.write(Batch("t", {"events": events("a"), "campaign_facts": future}, {"loader": 7}))
    assert (count(engine), engine.cursor("loader")) == (0, 0)
    engine.write(Batch("t", {"events": events("a")}, {"loader": 7}))
    assert (count(engine), engine.cursor("loader")) == (1, 7)


def test_the_same_token_again_changes_nothing_and_tells_the_first_stamp(engine: Engine):
    first = engine.write(Batch("t", {"events": events("a")}, {"loader": 1}))
    assert engine.write(Batch("t", {"events": events("b")}, {"loader": 9})) == first
    assert engine.rows("SELECT event_id FROM events") == [{"event_id": "a"}]
    assert engine.cursor("loader") == 1


def test_a_token_is_remembered_after_a_restart(make_engine: MakeEngine):
    first = make_engine()
    stamp = first.write(Batch("t", {"events": events("a")}))
    first.close()
    again = make_engine()
    assert again.write(Batch("t", {"events": events("a")})) == stamp
    assert count(again) == 1


def test_a_cursor_moves_with_the_rows_and_each_cursor_by_itself(engine: Engine):
    assert engine.cursor("loader") == 0
    engine.write(Batch("t1", {"events": events("a")}, {"loader": 10, "relay": 3}))
    engine.write(Batch("t2", {"events": events("b")}, {"loader": 12}))
    assert (engine.cursor("loader"), engine.cursor("relay"), engine.cursor("other")) == (12, 3, 0)


def test_a_batch_may_move_a_cursor_without_rows(engine: Engine):
    engine.write(Batch("t", {}, {"loader": 4}))
    engine.write(Batch("t2", {"events": events()}, {"loader": 5}))
    assert engine.cursor("loader") == 5


def test_stamps_grow_even_when_the_clock_stands_still_or_goes_back(make_engine: MakeEngine):
    clock = SettableClock()
    engine = make_engine(clock=clock)
    stamps = [engine.write(Batch("t1")), engine.write(Batch("t2"))]
    clock.now = minutes(-60)
    stamps.append(engine.write(Batch("t3")))
    engine.close()
    stamps.append(make_engine(clock=clock).write(Batch("t4")))
    assert stamps[0] == NOON
    assert stamps == sorted(set(stamps))


def test_history_keeps_its_own_recorded_at(engine: Engine):
    rows = campaigns(campaign("c", 1, recorded_at=minutes(-9)), campaign("c", 2))
    stamp = engine.write(Batch("t", {"campaign_facts": rows}))
    told = engine.rows("SELECT version, recorded_at FROM campaign_facts ORDER BY version")
    assert [row["recorded_at"] for row in told] == [minutes(-9), stamp]


def test_the_horizon_is_the_last_stamp_and_now_when_nothing_is_stored(make_engine: MakeEngine):
    clock = SettableClock()
    engine = make_engine(clock=clock)
    assert engine.horizon() == NOON
    stamp = engine.write(Batch("t", {"events": events("a")}))
    assert stamp > NOON, "what was promised about the empty store stays true"
    clock.now = minutes(5)
    assert engine.horizon() == stamp
    engine.close()
    assert make_engine(clock=clock).horizon() == stamp


def test_erasing_removes_the_rows_and_says_how_many(engine: Engine):
    engine.write(Batch("t", {"events": events("a", "b", "c", identity="email:ines@halden.no")}))
    engine.write(Batch("t2", {"events": events("d", identity="email:tom@halden.no")}))
    assert engine.erase("events", "identity", ["email:ines@halden.no", "email:nobody@halden.no"]) == 3
    assert engine.rows("SELECT event_id FROM events") == [{"event_id": "d"}]
    assert engine.erase("events", "identity", []) == 0


def test_erasures_are_counted_whichever_process_did_them(engine: Engine):
    before = engine.erasures()
    engine.erase("events", "identity", ["email:ines@halden.no"])
    assert engine.erasures() == before + 1


def test_erasing_within_another_column_leaves_the_same_value_elsewhere(engine: Engine):
    engine.write(Batch("t", {"events": events("1", source_id="shop")}))
    engine.write(Batch("t2", {"events": events("1", source_id="blog")}))
    assert engine.erase("events", "event_id", ["1"], within={"source_id": "shop"}) == 1
    assert engine.rows("SELECT source_id FROM events") == [{"source_id": "blog"}]


def test_a_text_is_written_over_in_every_version_and_stays_as_old_as_it_was(engine: Engine):
    engine.write(Batch("t", {"events": events("a", "b", title="Ines' page", properties='{"name":"Ines"}')}))
    learnt = engine.rows("SELECT recorded_at FROM events WHERE event_id = 'a'")
    assert engine.blank("events", "event_id", ["a"], {"title": "", "properties": "{}"}) == 1
    rows = engine.rows("SELECT title, properties, recorded_at FROM events ORDER BY event_id")
    assert (rows[0]["title"], rows[0]["properties"], rows[1]["title"]) == ("", "{}", "Ines' page")
    assert rows[0]["recorded_at"] == learnt[0]["recorded_at"]
    with pytest.raises(StoreError, match="unit_id"):
        engine.blank("events", "event_id", ["a"], {"unit_id": ""})


def test_what_was_erased_is_in_no_byte_of_the_file(tmp_path: Path):
    engine = DuckDBEngine(tmp_path / "events.duckdb")
    engine.migrate()
    engine.write(Batch("t", {"events": events("a", identity="email:ines@halden.no")}))
    engine.write(Batch("t2", {"events": events("b", identity="email:tom@halden.no")}))
    engine.erase("events", "identity", ["email:ines@halden.no"])
    engine.compact()
    assert engine.rows("SELECT event_id FROM events") == [{"event_id": "b"}]
    engine.write(Batch("t3", {"events": events("c")}))
    engine.close()
    files = list(tmp_path.iterdir())
    assert [one.name for one in files] == ["events.duckdb"]
    assert b"ines@halden" not in files[0].read_bytes()
    assert b"tom@halden" in files[0].read_bytes()


@pytest.mark.parametrize(("table", "column"), [("events", "nope"), ("events", "consent"), ("nope", "id")])
def test_erasing_by_something_that_is_not_a_text_column_is_refused(engine: Engine, table, column):
    with pytest.raises(StoreError):
        engine.erase(table, column, ["a"])


def test_many_rows_go_in_as_several_blocks_and_count_once(engine: Engine):
    many = events(*(str(number) for number in range(ROWS_PER_BLOCK + 1)))
    engine.write(Batch("t", {"events": many}))
    engine.write(Batch("t", {"events": many}))
    assert engine.rows("SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM events") == [
        {"n": ROWS_PER_BLOCK + 1, "ids": ROWS_PER_BLOCK + 1}
    ]
