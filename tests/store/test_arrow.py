"""Records become columns; what is missing is "" or NULL or an error, never a made-up value."""

from datetime import date, timedelta, timezone

import pyarrow as pa
import pytest

from loopline.store.arrow import checked, plain, stamped, to_arrow
from loopline.store.engine import StoreError
from loopline.store.library import TABLES
from tests.store.rows import NOON, campaign, campaigns, events, minutes

CAMPAIGNS = TABLES["campaign_facts"]


def test_missing_texts_are_empty_and_missing_nullables_null():
    [row] = campaigns(campaign("c", 1)).to_pylist()
    assert (row["name"], row["budget_minor"], row["starts_on"], row["recorded_at"]) == ("", None, None, None)


def test_times_and_days_may_come_as_iso_text_from_json():
    [row] = campaigns(
        campaign("c", 1, occurred_at="2026-03-01T13:00:00+01:00", starts_on="2026-03-02", ends_on=date(2026, 3, 9))
    ).to_pylist()
    assert (row["occurred_at"], row["starts_on"], row["ends_on"]) == (NOON, date(2026, 3, 2), date(2026, 3, 9))


def test_times_of_any_zone_become_utc():
    [row] = campaigns(campaign("c", 1, occurred_at=NOON.astimezone(timezone(timedelta(hours=9))))).to_pylist()
    assert row["occurred_at"] == NOON


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"nmae": "x"}, "nmae"),
        ({"version": None}, "version"),
        ({"is_deleted": None}, "is_deleted"),
        ({"occurred_at": None}, "occurred_at"),
        ({"occurred_at": NOON.replace(tzinfo=None)}, "occurred_at"),
        ({"occurred_at": 5}, "occurred_at"),
        ({"starts_on": "tomorrow"}, "starts_on"),
        ({"starts_on": NOON}, "starts_on"),
        ({"budget_minor": 1.5}, "budget_minor"),
        ({"budget_minor": 2**70}, "budget_minor"),
        ({"name": 7}, "name"),
        ({"name": "\ud800"}, "name"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_column(given, named):
    with pytest.raises(StoreError, match=named):
        campaigns({**campaign("c", 1), **given})


def test_no_rows_are_an_empty_table_with_all_columns():
    assert to_arrow(CAMPAIGNS, []).column_names == [column.name for column in CAMPAIGNS.columns]


@pytest.mark.parametrize("spoil", ["drop", "add", "null", "type"])
def test_arrow_rows_that_are_not_the_table_are_refused(spoil):
    rows = events("a")
    if spoil == "drop":
        rows = rows.drop_columns(["kind"])
    elif spoil == "add":
        rows = rows.append_column("more", pa.array([1]))
    elif spoil == "null":
        rows = rows.set_column(rows.column_names.index("kind"), "kind", pa.array([None], pa.string()))
    else:
        rows = rows.set_column(rows.column_names.index("consent"), "consent", pa.array(["much"]))
    with pytest.raises(StoreError, match=r"events"):
        checked(TABLES["events"], rows)


def test_only_missing_stamps_are_filled():
    rows = checked(CAMPAIGNS, campaigns(campaign("a", 1), campaign("b", 1, recorded_at=minutes(-9))))
    assert stamped(rows, NOON)["recorded_at"].to_pylist() == [NOON, minutes(-9)]


def test_history_from_the_future_is_refused():
    with pytest.raises(StoreError, match="future"):
        stamped(checked(CAMPAIGNS, campaigns(campaign("a", 1, recorded_at=minutes(1)))), NOON)


def test_a_figure_beyond_64_bits_is_an_error_and_not_another_figure():
    with pytest.raises(StoreError, match="64 bits"):
        plain(pa.table({"n": pa.array([2**64 - 1], pa.uint64())}))
