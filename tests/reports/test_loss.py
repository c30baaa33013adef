"""The tracker's loss meter on both engines, against gaps put in by hand."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from loopline.reports.visits.loss import Loss, lost_on_the_way
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def event(session: str, number: int, minutes: float, visit: str = "") -> dict[str, object]:
    at = NOON + timedelta(minutes=minutes)
    kept = {"number": number} | ({"visit": visit} if visit else {})
    return {"event_id": f"{session}-{visit}-{number}-{minutes}", "unit_id": "north", "kind": "page",
            "is_entry": False, "consent": 2, "session_id": session, "source": "browser", "occurred_at": at,
            "received_at": at, "properties": json.dumps({"_loopline": kept}) if number else ""}  # fmt: skip


@pytest.fixture(scope="module")
def store(reading_engine: Engine) -> Engine:
    rows = [
        # whole; the numbers came in another order
        event("a", 2, 40), event("a", 1, 41), event("a", 3, 42),
        # 2, 3 and 5 are missing; 6 came twice under two ids
        event("b", 1, 50), event("b", 4, 51), event("b", 6, 52), event("b", 6, 53),
        # the tracker began to count anew after a pay page, in what is one visit
        event("c", 1, 60), event("c", 2, 61), event("c", 1, 62, "c2"), event("c", 3, 63, "c2"),
        # began before the period; no number
        event("d", 9, 5), event("e", 0, 70),
    ]  # fmt: skip
    reading_engine.write(Batch(token="loss", rows={"events": to_arrow(TABLES["events"], rows)}))
    return reading_engine


def test_gaps_in_the_numbers_of_a_visit_are_events_that_got_lost(store: Engine) -> None:
    loss = lost_on_the_way(store, NOON, NOON + timedelta(hours=2))
    assert loss == Loss(sent=3 + 6 + 2 + 3, arrived=3 + 3 + 2 + 2)
    assert loss.share == pytest.approx(4 / 14)


def test_without_numbered_events_there_is_no_share(store: Engine) -> None:
    assert lost_on_the_way(store, NOON + timedelta(days=1), NOON + timedelta(days=2)).share is None
