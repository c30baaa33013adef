"""How a long question is taken apart for ClickHouse: what is read more than once is computed and thought about once."""

from loopline.store.clickhouse_sql import translate


def test_only_what_is_read_more_than_once_becomes_a_table():
    first, answer = translate(
        """
        WITH once AS (SELECT event_id FROM events WHERE consent = $least),
             often AS (SELECT event_id FROM once),
             last_of_all AS (SELECT max(event_id) AS event_id FROM often)
        SELECT a.event_id FROM often AS a JOIN last_of_all AS b ON b.event_id = a.event_id WHERE a.event_id = $wanted
        """,
        {"least": 1, "wanted": "a"},
    )
    assert (first.makes, first.places) == ("often", {"least"})
    assert first.text.startswith("CREATE TEMPORARY TABLE often AS WITH once AS (")
    assert (answer.makes, answer.places) == ("", {"wanted"})
    assert answer.text.startswith("WITH last_of_all AS (")


def test_a_question_without_parts_or_with_one_that_reads_itself_is_asked_at_once():
    for sql in (
        "SELECT event_id FROM events",
        "WITH RECURSIVE n AS (SELECT 1 AS v UNION ALL SELECT v + 1 FROM n WHERE v < 3) "
        "SELECT a.v FROM n AS a JOIN n AS b ON b.v = a.v",
    ):
        [answer] = translate(sql, {})
        assert answer.makes == ""
