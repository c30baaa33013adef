"""The state as of a moment: the latest version then, without what was deleted, the same whenever it is asked."""

import pytest

from loopline.store.engine import Batch, Engine, StoreError
from loopline.store.latest import as_of
from tests.store.rows import campaign, campaigns, events, minutes

NAMES = f"WITH campaigns AS ({as_of('campaign_facts')}) SELECT id, name FROM campaigns ORDER BY id"


def names(engine: Engine, at: object) -> dict[object, object]:
    return {row["id"]: row["name"] for row in engine.rows(NAMES, {"as_of": at})}  # type: ignore[dict-item]


def told(engine: Engine, token: str, *rows: dict[str, object]) -> None:
    engine.write(Batch(token, {"campaign_facts": campaigns(*rows)}))


def test_each_moment_has_its_own_latest_versions(engine: Engine):
    told(
        engine,
        "t",
        campaign("a", 1, name="first", recorded_at=minutes(0)),
        campaign("b", 2, name="other", recorded_at=minutes(1)),
        campaign("a", 3, name="second", recorded_at=minutes(2)),
        campaign("b", 4, name="other", recorded_at=minutes(3), is_deleted=True),
        campaign("b", 5, name="restored", recorded_at=minutes(4)),
    )
    assert names(engine, minutes(-1)) == {}
    assert names(engine, minutes(0)) == {"a": "first"}
    assert names(engine, minutes(1)) == {"a": "first", "b": "other"}
    assert names(engine, minutes(2)) == {"a": "second", "b": "other"}
    assert names(engine, minutes(3)) == {"a": "second"}
    assert names(engine, minutes(4)) == {"a": "second", "b": "restored"}


def test_a_version_that_arrives_late_does_not_undo_a_later_one(engine: Engine):
    told(engine, "t1", campaign("a", 2, name="second", recorded_at=minutes(0)))
    told(engine, "t2", campaign("a", 1, name="first", recorded_at=minutes(1)))
    assert names(engine, minutes(2)) == {"a": "second"}


def test_several_versions_of_one_batch_leave_the_highest(engine: Engine):
    told(engine, "t", *(campaign("a", version, name=str(version)) for version in (3, 1, 2)))
    assert names(engine, engine.horizon()) == {"a": "3"}


def test_a_version_written_twice_counts_once(engine: Engine):
    told(engine, "t1", campaign("a", 1, name="first"))
    told(engine, "t2", campaign("a", 1, name="first"), campaign("b", 2, name="other"))
    count = f"WITH campaigns AS ({as_of('campaign_facts')}) SELECT count(*) AS n FROM campaigns"
    assert engine.rows(count, {"as_of": engine.horizon()}) == [{"n": 2}]


def test_the_same_moment_gives_the_same_answer_after_more_has_arrived(engine: Engine):
    told(engine, "t1", campaign("a", 1, name="first"))
    then = engine.horizon()
    before = names(engine, then)
    told(engine, "t2", campaign("a", 2, name="second"), campaign("b", 3, name="other"))
    assert names(engine, then) == before == {"a": "first"}


def test_the_columns_are_those_of_the_table_and_no_others(engine: Engine):
    assert engine.query(as_of("campaign_facts"), {"as_of": minutes(0)}).column_names == [
        *("id", "version", "unit_id", "name", "channel", "status", "starts_on", "ends_on", "budget_minor", "currency"),
        *("owner_id", "is_deleted", "occurred_at", "recorded_at"),
    ]


def test_events_as_of_a_moment_are_those_recorded_until_then(engine: Engine):
    engine.write(Batch("t1", {"events": events("a", recorded_at=minutes(0))}))
    engine.write(Batch("t2", {"events": events("b", recorded_at=minutes(5))}))
    sql = f"WITH seen AS ({as_of('events')}) SELECT event_id FROM seen ORDER BY event_id"
    assert engine.rows(sql, {"as_of": minutes(4)}) == [{"event_id": "a"}]


def test_a_table_that_is_not_ours_is_refused():
    with pytest.raises(StoreError, match="no table"):
        as_of("events; DROP TABLE events")
