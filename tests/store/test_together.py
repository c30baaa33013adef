"""Questions asked together: what they have in common is computed once, and every answer is as it would be apart."""

import threading
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime

import pytest

from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch, Engine, QueryTimeoutError, Shared, StoreError
from tests.store.rows import campaign, campaigns
from tests.store.test_reading import ENDLESS

STATE = "SELECT id, max(version) AS version FROM campaign_facts WHERE recorded_at <= $as_of GROUP BY id"
NAMES = f"WITH newest AS ({STATE}) SELECT id FROM newest ORDER BY id"
SUMS = f"WITH newest AS ({STATE}) SELECT sum(version) AS versions FROM newest"
FAILS = f"WITH newest AS ({STATE}) SELECT no_such_column FROM newest"
MADE = "SELECT count(*) AS n FROM duckdb_tables() WHERE starts_with(database_name, 'together_')"
DATABASES = "SELECT count(*) AS n FROM duckdb_databases() WHERE starts_with(database_name, 'together_')"


def common(sql: str) -> Iterator[Shared]:
    if STATE in sql:
        yield Shared(STATE, STATE)


@pytest.fixture
def moment(engine: Engine, request: pytest.FixtureRequest) -> datetime:
    return engine.write(Batch(request.node.name, {"campaign_facts": campaigns(campaign("a", 1), campaign("a", 2))}))


def ids(engine: Engine, as_of: datetime) -> list[object]:
    return [row["id"] for row in engine.rows(NAMES, {"as_of": as_of})]


def test_questions_together_answer_as_apart_each_as_of_its_own_moment(engine: Engine, moment: datetime):
    with engine.together(common):
        assert ids(engine, moment) == ["a"]
        later = engine.write(Batch("second", {"campaign_facts": campaigns(campaign("b", 5))}))
        assert ids(engine, later) == ["a", "b"]
        with engine.together(common):
            assert engine.rows(SUMS, {"as_of": moment}) == [{"versions": 2}]
        assert engine.rows(SUMS, {"as_of": later}) == [{"versions": 7}]
        assert ids(engine, moment) == ["a"]
    assert ids(engine, later) == ["a", "b"]


def test_who_was_erased_meanwhile_is_in_no_answer_after_it(engine: Engine, moment: datetime):
    with engine.together(common):
        assert ids(engine, moment) == ["a"]
        engine.erase("campaign_facts", "id", ["a"])
        assert ids(engine, moment) == []


@pytest.mark.parametrize(("sql", "error"), [(FAILS, StoreError), (f"{ENDLESS} -- {STATE}", QueryTimeoutError)])
def test_a_question_that_fails_or_is_stopped_is_not_in_the_way_of_the_next(engine: Engine, moment, sql, error):
    with engine.together(common):
        with pytest.raises(error):
            engine.query(sql, {"as_of": moment}, timeout_s=0.3)
        assert ids(engine, moment) == ["a"]
        with pytest.raises(StoreError):
            engine.query("DROP TABLE events")
        assert engine.rows(SUMS, {"as_of": moment}) == [{"versions": 2}]


@pytest.fixture
def duckdb_engine(tmp_path) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(tmp_path / "events.duckdb")
    engine.migrate()
    yield engine
    engine.close()


def test_a_common_part_is_a_table_once_and_gone_at_the_end(duckdb_engine: DuckDBEngine):
    engine, now = duckdb_engine, duckdb_engine.horizon()
    with engine.together(common):
        for sql in (NAMES, SUMS, NAMES):
            engine.query(sql, {"as_of": now})
        assert engine.rows(MADE) == [{"n": 1}]
        asked_beside = threading.Thread(target=engine.query, args=(NAMES, {"as_of": now}))
        asked_beside.start()
        asked_beside.join()
        assert engine.rows(MADE) == [{"n": 1}]
    assert engine.rows(MADE) == engine.rows(DATABASES) == [{"n": 0}]


TABLES = MADE.replace("count(*) AS n", "database_name || '.' || table_name AS name") + " ORDER BY name"


def shared_tables(engine: DuckDBEngine) -> list[object]:
    return [row["name"] for row in engine.rows(TABLES)]


def test_the_tables_of_the_next_page_have_the_same_names_and_hold_what_is_stored_then(duckdb_engine: DuckDBEngine):
    engine, named = duckdb_engine, []
    for version in (1, 2):
        moment = engine.write(Batch(f"{version}", {"campaign_facts": campaigns(campaign("a", version))}))
        with engine.together(common):
            assert engine.rows(SUMS, {"as_of": moment}) == [{"versions": version}]
            named.append(shared_tables(engine))
    assert named[0] == named[1] != []


def test_what_an_earlier_page_left_behind_is_in_no_ones_way(duckdb_engine: DuckDBEngine):
    engine = duckdb_engine
    moment = engine.write(Batch("first", {"campaign_facts": campaigns(campaign("a", 1))}))
    with engine.together(common):
        engine.rows(SUMS, {"as_of": moment})
        [name] = shared_tables(engine)
    engine._connection.execute("ATTACH ':memory:' AS together_1")
    engine._connection.execute(f"CREATE TABLE {name} AS SELECT 'b' AS id, 9 AS version")
    with engine.together(common):
        assert engine.rows(SUMS, {"as_of": moment}) == [{"versions": 1}]
    assert shared_tables(engine) == []


def test_two_pages_at_a_time_have_tables_of_their_own(duckdb_engine: DuckDBEngine):
    engine, both = duckdb_engine, threading.Barrier(2)
    moments = [
        engine.write(Batch(f"{version}", {"campaign_facts": campaigns(campaign("a", version))})) for version in (1, 2)
    ]
    found: dict[datetime, object] = {}

    def page(moment: datetime) -> None:
        with engine.together(common):
            both.wait(10)
            engine.rows(NAMES, {"as_of": moment})
            both.wait(10)
            found[moment] = engine.rows(SUMS, {"as_of": moment}), len(shared_tables(engine))
            both.wait(10)

    threads = [threading.Thread(target=page, args=(moment,)) for moment in moments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {moments[0]: ([{"versions": 1}], 2), moments[1]: ([{"versions": 2}], 2)}


def test_what_is_worked_out_at_once_is_all_done_as_by_the_caller_and_an_error_is_told(engine: Engine, moment: datetime):
    found, told = [], ContextVar("told", default="")

    def work() -> None:
        found.append((told.get(), ids(engine, moment)))

    def fail() -> None:
        engine.query(FAILS, {"as_of": moment})

    told.set("the caller's")
    with engine.together(common):
        engine.at_once([work, work, work])
        with pytest.raises(StoreError, match="no_such_column"):
            engine.at_once([fail])

    def work_together() -> None:
        with engine.together(common):
            work()

    engine.at_once([work, work_together])
    assert found == 5 * [("the caller's", ["a"])]


def test_what_two_need_at_once_is_made_once_and_both_read_it(duckdb_engine: DuckDBEngine):
    engine, both = duckdb_engine, threading.Barrier(2)
    moment = engine.write(Batch("first", {"campaign_facts": campaigns(campaign("a", 1))}))

    def met(sql: str) -> Iterator[Shared]:
        both.wait(10)
        yield Shared(STATE, STATE)

    made = []
    with engine.together(met):
        engine.at_once([lambda: made.append(ids(engine, moment))] * 2)
        both.reset()
        engine.at_once([lambda: made.append(engine.rows(f"{MADE} -- {STATE}", {"as_of": moment}))] * 2)
    assert made == [["a"], ["a"], [{"n": 1}], [{"n": 1}]]


def test_who_waits_for_another_that_is_stopped_makes_it_itself_and_is_stopped_in_its_time(duckdb_engine: DuckDBEngine):
    """Both need the same part, which never ends."""
    engine, both, troubles = duckdb_engine, threading.Barrier(2), []

    def met(sql: str) -> Iterator[Shared]:
        if ENDLESS in sql:
            both.wait(10)
            yield Shared(ENDLESS, ENDLESS)

    def ask(timeout_s: float) -> None:
        try:
            engine.query(f"WITH endless AS ({ENDLESS}) SELECT * FROM endless", {"as_of": None}, timeout_s=timeout_s)
        except QueryTimeoutError as error:
            troubles.append(str(error))

    with engine.together(met):
        engine.at_once([lambda: ask(0.2), lambda: ask(0.5)])
        assert engine.rows("SELECT 1 AS n") == [{"n": 1}]
    assert len(troubles) == 2


def test_the_file_is_written_anew_after_the_questions_and_none_of_them_fails(duckdb_engine: DuckDBEngine):
    engine = duckdb_engine
    moment = engine.write(Batch("first", {"campaign_facts": campaigns(campaign("a", 1))}))
    compacting = threading.Thread(target=engine.compact)
    with engine.together(common):
        assert ids(engine, moment) == ["a"]
        compacting.start()
        compacting.join(0.2)
        assert compacting.is_alive()
        assert ids(engine, moment) == ["a"]
    compacting.join()
    assert ids(engine, moment) == ["a"]
