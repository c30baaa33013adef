"""A value written into a question is the value: the same answer as with a parameter, whatever it holds."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from loopline.store.engine import Engine, Value
from loopline.store.written_out import written_out

VALUES: list[Value] = [
    "", "it's", "'; DROP TABLE events; --", "$other", "a\\'b\n\x07", "\U0001f600 Ærøskøbing", 0, -7, 2**53 + 1,
    True, False, 0.1, 1e-300, -2.5e17, float("inf"), date(2026, 2, 28), datetime(2026, 3, 29, 2, 30, 0, 7, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-5))), None,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_a_value_written_out_is_the_value(store: Engine, value: Value) -> None:
    sql, values = "SELECT $value AS value, '$value''$value' AS words", {"value": value, "other": "planted"}
    [row] = store.rows(written_out(sql, values))
    assert row == store.rows(sql, values)[0]
    assert row["words"] == "$value'$value"


@pytest.mark.parametrize("ids", [[], ["a", "it's", "$ids"]])
def test_a_list_holds_what_it_held(store: Engine, ids: list[str]) -> None:
    sql = "SELECT id AS id FROM (SELECT unnest($ids) AS id) AS ids"
    assert [row["id"] for row in store.rows(written_out(sql, {"ids": ids}))] == ids


def test_a_value_that_is_missing_is_not_left_out() -> None:
    with pytest.raises(KeyError, match="since"):
        written_out("SELECT $since AS since", {})
