"""Machines told by their habits: the score worked out by hand, the habits read back from both engines."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loopline.reports.visits.machine_score import MACHINE_FROM, REASONS, Habits, odd_visitors, score
from loopline.reports.visits.verdicts import judged_visitor, judged_visitors, left_out
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
UNTIL = START + timedelta(hours=12)
QUIET = Habits("v", 5, 5, 5, 1, 30_000, 2, False)


def habits(**change: Any) -> Habits:
    return Habits(**{name: getattr(QUIET, name) for name in Habits.__slots__} | change)


@pytest.mark.parametrize(
    ("change", "points", "reasons"),
    [
        ({}, 0, ()),
        ({"pages_a_minute": 60}, 0, ()),
        ({"pages_a_minute": 61}, 100, ("too_fast",)),
        ({"visits": 100}, 50, ("too_many_visits",)),
        ({"visits": 500}, 100, ("too_many_visits",)),
        ({"measured_pages": 30, "engaged_ms": 0}, 50, ("never_engaged",)),
        ({"measured_pages": 200, "engaged_ms": 0}, 100, ("never_engaged",)),
        ({"measured_pages": 200, "engaged_ms": 1}, 0, ()),
        ({"is_data_centre": True}, 50, ("data_centre",)),
        ({"events": 1, "pages": 1}, 25, ("one_hit",)),
        ({"events": 1, "pages": 1, "is_data_centre": True}, 75, ("data_centre", "one_hit")),
        ({"visits": 500, "is_data_centre": True}, 100, ("too_many_visits", "data_centre")),
    ],
)
def test_one_impossible_habit_is_enough_odd_ones_only_together(
    change: dict[str, Any], points: int, reasons: tuple[str, ...]
) -> None:
    found = score(habits(**change))
    assert (found.points, found.reasons) == (points, reasons)
    assert found.verdict == (f"machine:{reasons[0]}" if points >= MACHINE_FROM else "human")
    assert set(reasons) <= set(REASONS)


def page(visitor: str, number: int, seconds: float, **said: Any) -> dict[str, Any]:
    at = START + timedelta(seconds=seconds)
    return {"event_id": f"{visitor}-{number}", "source_id": "site", "unit_id": "north", "occurred_at": at,
            "received_at": at, "kind": "page", "identity": f"visitor:{visitor}", "visitor_id": visitor,
            "session_id": f"s-{visitor}", "is_entry": number == 0, "page_view_id": f"p-{visitor}-{number}",
            "consent": 2, "bot_verdict": "human", "source": "browser", "recorded_at": at} | said  # fmt: skip


def fill(engine: Engine) -> None:
    events = [page("fast", number, number * 0.5) for number in range(90)]
    events += [page("entries", number, number * 70, is_entry=True) for number in range(500)]
    events += [page("idle", number, number * 60) for number in range(200)]
    events += [page("reader", number, number * 60) for number in range(40)]
    events += [page("reader", 100 + number, number * 60, kind="system", page_view_id=f"p-reader-{number}",
                    engaged_ms=20_000, is_entry=False) for number in range(40)]  # fmt: skip
    events += [page("unmeasured", number, number * 60, source_id="library") for number in range(300)]
    events += [page("hosted", 0, 0, properties='{"_loopline":{"network":"data_centre"},"a":1}')]
    events += [page("boaster", 0, 0, properties='{"network":"data_centre"}')]
    events += [page("crawler", number, number * 0.5, bot_verdict="machine:crawler") for number in range(90)]
    events += [page("yesterday", number, -86_400 + number * 0.5) for number in range(90)]
    facts = [
        {"id": "idle", "version": 1, "verdict": "machine:never_engaged", "rule_version": "2026.1", "score": 100,
         "reasons": "never_engaged,one_hit", "occurred_at": START, "is_deleted": False},
        {"id": "crawler", "version": 2, "verdict": "human", "rule_version": "by hand", "score": None,
         "reasons": "our own test", "occurred_at": UNTIL, "is_deleted": False},
    ]  # fmt: skip
    rows = {
        "events": to_arrow(TABLES["events"], events),
        "bot_verdict_facts": to_arrow(TABLES["bot_verdict_facts"], facts),
    }
    engine.write(Batch(token="machines", rows=rows))


@pytest.fixture(scope="module")
def store(reading_engine: Engine) -> Engine:
    fill(reading_engine)
    return reading_engine


def test_odd_visitors_are_found_by_what_they_did_within_a_day(store: Engine) -> None:
    found = {one.visitor_id: score(one).verdict for one in odd_visitors(store, UNTIL)}
    assert found == {
        "entries": "machine:too_many_visits",
        "fast": "machine:too_fast",
        "hosted": "machine:data_centre",
        "idle": "machine:never_engaged",
    }


def test_what_is_left_out_is_told_by_reason_and_a_persons_word_goes_ahead(store: Engine) -> None:
    told = {one.verdict: (one.events, one.visits) for one in left_out(store, START, unit_ids=("north",))}
    assert told == {"machine:never_engaged": (200, 1)}
    assert left_out(store, START, unit_ids=("south",)) == []
    assert [one.reason for one in left_out(store, START, unit_ids=None)] == [REASONS["never_engaged"]]


def test_judged_visitors_are_listed_with_their_reasons_and_who_judged(store: Engine) -> None:
    by_hand, by_rules = judged_visitors(store, unit_ids=("north",))
    assert (by_hand.visitor_id, by_hand.verdict, by_hand.is_by_hand) == ("crawler", "human", True)
    assert (by_hand.reasons, by_hand.score) == (("our own test",), None)
    assert (by_rules.visitor_id, by_rules.score, by_rules.is_machine) == ("idle", 100, True)
    assert by_rules.reasons == (REASONS["never_engaged"], REASONS["one_hit"])
    assert judged_visitors(store, unit_ids=("south",)) == []


def test_a_visitor_nobody_judged_later_has_the_verdict_of_its_arrival(store: Engine) -> None:
    found = judged_visitor(store, "reader", unit_ids=None)
    assert found is not None
    assert (found.verdict, found.events, found.score) == ("human", 80, None)
    assert judged_visitor(store, "reader", unit_ids=("south",)) is None
