"""One SQL text, two engines, the same answer."""

import math

import pytest

from loopline.store.clickhouse_sql import names_in, translate
from loopline.store.engine import Engine, StoreError
from tests.store.dialect_cases import AT, CASES, PARAMS

ROWS = "v AS (SELECT * FROM (VALUES (1, 10, 'a'), (2, NULL, 'b'), (3, 30, 'a')) AS t(k, x, g))"


def rounded(values: list[object]) -> list[object]:
    return [round(value, 9) if isinstance(value, float) and math.isfinite(value) else value for value in values]


@pytest.mark.parametrize(("sql", "expected"), CASES, ids=[sql for sql, _ in CASES])
def test_both_engines_give_the_answer_worked_out_by_hand(reading_engine: Engine, sql, expected):
    answer = [row["v"] for row in reading_engine.rows(f"WITH {ROWS} {sql}", PARAMS)]
    assert rounded(answer) == rounded(expected)
    assert [type(value) for value in answer] == [type(value) for value in expected]


def test_a_recursive_question_is_answered_alike(reading_engine: Engine):
    sql = (
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n AS v FROM r ORDER BY n"
    )
    assert [row["v"] for row in reading_engine.rows(sql)] == [1, 2, 3]


def test_a_missing_property_is_null_also_where_there_are_no_properties(reading_engine: Engine):
    sql = "SELECT json_extract_string(nullif($text, ''), '$.x') AS v"
    assert reading_engine.rows(sql, {"text": ""}) == [{"v": None}]


def test_values_with_quotes_and_signs_of_sql_stay_values(reading_engine: Engine):
    nasty = "o'x\\y\n\t\"%s {a:String} -- /* ; `"
    assert reading_engine.rows(
        "SELECT $v AS v, $v IN (SELECT unnest($all)) AS found", {"v": nasty, "all": [nasty]}
    ) == [{"v": nasty, "found": True}]


def test_more_values_than_asked_for_do_no_harm_and_missing_ones_are_named(reading_engine: Engine):
    assert reading_engine.rows("SELECT $n AS v", {"n": 1, "m": 2}) == [{"v": 1}]
    with pytest.raises(StoreError, match=r"\$m"):
        reading_engine.rows("SELECT $n AS v, $m AS w", {"n": 1})


def test_a_moment_without_a_zone_is_refused(reading_engine: Engine):
    with pytest.raises(StoreError, match=r"\$at"):
        reading_engine.rows("SELECT $at AS v", {"at": AT.replace(tzinfo=None)})


REFUSED = [
    "SELECT now() AS v",
    "SELECT current_date AS v",
    "SELECT random() AS v",
    "SELECT hash('a') AS v",
    "SELECT mode(k) AS v FROM events",
    "SELECT first(kind) AS v FROM events",
    "SELECT CAST(7 / 2 AS BIGINT) AS v",
    "SELECT CAST(avg(consent) AS INTEGER) AS v FROM events",
    "SELECT date_diff('week', occurred_at, received_at) AS v FROM events",
    "SELECT occurred_at AT TIME ZONE 'Europe/Oslo' AS v FROM events",
    "SELECT date_trunc('decade', occurred_at) AS v FROM events",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM file('/etc/passwd')",
    "SELECT * FROM system.tables",
    "SELECT * FROM '/etc/passwd'",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_the_engines_answer_differently_is_refused_for_clickhouse(sql):
    with pytest.raises(StoreError, match="ARCHITECTURE"):
        translate(sql, dict.fromkeys(names_in(sql), 1))
