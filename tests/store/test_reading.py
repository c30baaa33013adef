"""Reading: only reading, only our tables, within its time, while others write."""

import threading
import time

import pytest

from loopline.store.engine import Batch, Engine, QueryTimeoutError, StoreError
from tests.store.rows import campaign, campaigns, events

ENDLESS = """
WITH RECURSIVE ten AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM ten WHERE n < 999)
SELECT sum(a.n * b.n * c.n + d.n) AS v FROM ten AS a CROSS JOIN ten AS b CROSS JOIN ten AS c CROSS JOIN ten AS d
"""

FORBIDDEN = [
    "INSERT INTO cursors VALUES ('x', 1, NULL)",
    "WITH a AS (INSERT INTO batches VALUES ('x', NULL) RETURNING token) SELECT * FROM a",
    "DELETE FROM events",
    "UPDATE events SET kind = 'x'",
    "DROP TABLE events",
    "CREATE TABLE mine (a INTEGER)",
    "TRUNCATE events",
    "SELECT 1; DROP TABLE events",
    "SELECT 1 AS a; SELECT 2 AS a",
    "",
    "-- nothing",
    "SELEC 1",
    "SELECT * FROM no_such_table",
    "SELECT no_such_column FROM events",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')",
    "COPY events TO '/tmp/loopline-must-not-exist'",
    "ATTACH '/tmp/loopline-must-not-exist'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '64GB'",
    "SET enable_external_access = true",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "EXPLAIN ANALYZE DELETE FROM events",
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_anything_but_one_question_about_our_tables_is_refused(reading_engine: Engine, sql):
    with pytest.raises(StoreError):
        reading_engine.query(sql)
    assert reading_engine.rows("SELECT count(*) AS n FROM events") == [{"n": 0}]
    assert reading_engine.rows("SELECT count(*) AS n FROM cursors") == [{"n": 0}]


def test_a_question_that_takes_too_long_is_stopped_and_the_next_one_answered(reading_engine: Engine):
    started = time.monotonic()
    with pytest.raises(QueryTimeoutError, match=r"0\.3 s"):
        reading_engine.query(ENDLESS, timeout_s=0.3)
    assert time.monotonic() - started < 20
    assert reading_engine.rows("SELECT 1 AS v") == [{"v": 1}]


PARTS = """
WITH one AS (SELECT event_id, consent FROM events WHERE consent >= $least),
     twice AS (SELECT event_id, consent * 2 AS v FROM one),
     most AS (SELECT max(v) AS v FROM twice),
     all_of_them AS (SELECT event_id, v FROM twice UNION ALL SELECT 'most' AS event_id, v FROM most)
SELECT a.event_id, a.v, b.v AS most FROM all_of_them AS a CROSS JOIN most AS b ORDER BY a.event_id
"""


def test_a_question_of_parts_that_build_on_each_other_is_answered_time_after_time(engine: Engine):
    engine.write(Batch("t", {"events": events("a", "b")}))
    consent = engine.rows("SELECT max(consent) AS v FROM events")[0]["v"]
    for _ in range(2):
        assert engine.rows(PARTS, {"least": 0}) == [
            {"event_id": name, "v": 2 * consent, "most": 2 * consent} for name in ("a", "b", "most")
        ]
    assert engine.rows(PARTS, {"least": 100}) == [{"event_id": "most", "v": None, "most": None}]


def test_parts_of_a_question_that_failed_half_way_are_not_in_the_way_of_the_next(engine: Engine):
    fails = PARTS.replace("max(v)", "max(no_such_column)")
    for _ in range(2):
        with pytest.raises(StoreError):
            engine.rows(fails, {"least": 0})
        assert len(engine.rows(PARTS, {"least": 0})) == 1


def test_a_part_that_takes_too_long_is_stopped_too(reading_engine: Engine):
    """The time is that of the whole question, in however many statements it is asked."""
    with pytest.raises(QueryTimeoutError):
        reading_engine.query(
            f"WITH slow AS ({ENDLESS}) SELECT a.v FROM slow AS a JOIN slow AS b ON b.v = a.v",
            timeout_s=0.3,
        )
    assert reading_engine.rows(PARTS, {"least": 0}) == [{"event_id": "most", "v": None, "most": None}]


def test_python_variables_are_not_tables(reading_engine: Engine):
    arrow_rows = events("a")
    with pytest.raises(StoreError):
        reading_engine.query("SELECT * FROM arrow_rows")
    assert arrow_rows.num_rows == 1


def test_an_answer_without_rows_still_has_its_columns(reading_engine: Engine):
    answer = reading_engine.query("SELECT event_id, consent FROM events")
    assert (answer.num_rows, answer.column_names) == (0, ["event_id", "consent"])


def test_columns_that_can_be_null_are_grouped_compared_and_joined_alike(engine: Engine):
    rows = campaigns(
        campaign("a", 1, channel="search", budget_minor=5),
        campaign("b", 1, channel="search", is_deleted=True),
        campaign("c", 1, channel="email"),
    )
    engine.write(Batch("t", {"campaign_facts": rows}))
    sql = """
    WITH spent AS (SELECT 'a' AS id, 7 AS spent)
    SELECT c.channel, count(*) AS n, sum(c.budget_minor) AS budget, max(s.spent) AS spent, bool_or(c.is_deleted) AS gone
    FROM campaign_facts AS c LEFT JOIN spent AS s ON s.id = c.id GROUP BY c.channel ORDER BY c.channel
    """
    assert engine.rows(sql) == [
        {"channel": "email", "n": 1, "budget": None, "spent": None, "gone": False},
        {"channel": "search", "n": 2, "budget": 5, "spent": 7, "gone": True},
    ]


def test_readers_see_whole_batches_while_a_writer_goes_on(engine: Engine):
    """Every batch brings one event and one campaign; as of the horizon there are always as many of each."""
    sql = """
    SELECT (SELECT count(*) FROM events WHERE recorded_at <= $as_of) AS events,
           (SELECT count(*) FROM campaign_facts WHERE recorded_at <= $as_of) AS campaigns
    """
    is_done = threading.Event()
    seen: list[tuple[object, object]] = []
    failures: list[BaseException] = []

    def read() -> None:
        try:
            while not is_done.is_set():
                [row] = engine.rows(sql, {"as_of": engine.horizon()})
                seen.append((row["events"], row["campaigns"]))
        except BaseException as error:
            failures.append(error)
            raise

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(20):
        rows = {"events": events(str(number)), "campaign_facts": campaigns(campaign(str(number), 1))}
        engine.write(Batch(f"t{number}", rows))
    is_done.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert seen
    assert all(events_seen == campaigns_seen for events_seen, campaigns_seen in seen)
