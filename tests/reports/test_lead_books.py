"""The books of leads, worked out by hand, on both engines: the states of every day add up to the leads created."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from loopline.reports.lead_books import lead_books
from loopline.reports.spread import Got, spread
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 5)
BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
_versions: Iterator[int] = iter(range(1, 10_000))


def lead(
    key: str, state: str, day: int, *, created: int, unit: str = "north", deleted: bool = False
) -> dict[str, object]:
    at = BEGAN + timedelta(days=day - 1)
    return {
        "id": key, "version": next(_versions), "is_deleted": deleted, "occurred_at": at, "unit_id": unit,
        "state": state, "created_at": BEGAN + timedelta(days=created - 1),
    }  # fmt: skip


def write(engine: Engine, **rows: list[dict[str, object]]) -> None:
    whole = {name: [{"is_deleted": False} | row for row in of_table] for name, of_table in rows.items()}
    engine.write(Batch("books", {name: to_arrow(TABLES[name], of_table) for name, of_table in whole.items()}))


def states(engine: Engine, units: tuple[str, ...] | None = None, zone: str = "UTC") -> list[dict[str, int]]:
    return [dict(one.states) for one in lead_books(engine, FIRST, LAST, zone, unit_ids=units)]


def test_the_states_of_each_day_add_up_to_the_leads_created(engine: Engine) -> None:
    rows = [
        lead("a", "new", 1, created=1),
        lead("a", "marketing_qualified", 1, created=1),
        lead("a", "handed_over", 2, created=1),
        lead("b", "new", 2, created=2),
        lead("a", "accepted", 4, created=1),
        lead("c", "new", 2, created=2, unit="south"),
        lead("b", "new", 5, created=2, deleted=True),
        lead("z", "new", -30, created=-30),
    ]
    write(engine, lead_facts=rows)
    assert states(engine) == [
        {"marketing_qualified": 1, "new": 1},
        {"handed_over": 1, "new": 3},
        {"handed_over": 1, "new": 3},
        {"accepted": 1, "new": 3},
        {"accepted": 1, "new": 2, "removed": 1},
    ]
    books = lead_books(engine, FIRST, LAST, "UTC", unit_ids=None)
    assert [one.created for one in books] == [2, 4, 4, 4, 4]
    assert all(one.holds for one in books)
    assert states(engine, ("south",)) == [{}, *[{"new": 1}] * 4]
    assert states(engine, ()) == [{}] * 5
    assert states(engine, zone="Pacific/Auckland")[0] == {"new": 1}, "it is the next day there already"


def test_a_lead_whose_first_fact_was_lost_or_dated_too_late_shows(engine: Engine) -> None:
    rows = [lead("a", "new", 1, created=1), lead("b", "handed_over", 4, created=2)]
    write(engine, lead_facts=rows)
    assert [one.holds for one in lead_books(engine, FIRST, LAST, "UTC", unit_ids=None)] == [
        True, False, False, True, True,
    ]  # fmt: skip


def test_a_version_dated_before_the_one_it_follows_does_not_turn_history_back(engine: Engine) -> None:
    rows = [lead("a", "new", 1, created=1), lead("a", "handed_over", 3, created=1), lead("a", "accepted", 2, created=1)]
    write(engine, lead_facts=rows)
    assert states(engine) == [{"new": 1}, {"new": 1}, *[{"accepted": 1}] * 3]


def test_nothing_yet_is_books_of_zeroes(engine: Engine) -> None:
    books = lead_books(engine, FIRST, LAST, "UTC", unit_ids=None)
    assert [(one.total, one.created, one.holds) for one in books] == [(0, 0, True)] * 5


def test_the_spread_counts_leads_of_the_time_and_values_only_what_has_one(engine: Engine) -> None:
    def handed(key: str, owner: str, day: int, **more: object) -> dict[str, object]:
        at = BEGAN + timedelta(days=day - 1)
        return lead(key, "handed_over", day, created=day) | {"owner_id": owner, "handed_over_at": at} | more

    def deal(key: str, lead_id: str, outcome: str, amount: int | None) -> dict[str, object]:
        return {
            "id": key, "version": next(_versions), "occurred_at": BEGAN, "unit_id": "north", "lead_id": lead_id,
            "outcome": outcome, "refunded_minor": 0, "reporting_minor": amount, "created_at": BEGAN,
        }  # fmt: skip

    leads = [
        handed("a", "ana", 2, accepted_at=BEGAN + timedelta(days=1)),
        handed("b", "ana", 3), handed("c", "ben", 3), handed("old", "ana", -5), handed("x", "", 3),
        handed("s", "ana", 3) | {"unit_id": "south"},
    ]  # fmt: skip
    deals = [deal("d1", "a", "won", 500), deal("d2", "a", "open", 70), deal("d3", "b", "lost", 900),
             deal("d4", "c", "open", None)]  # fmt: skip
    write(engine, lead_facts=leads, opportunity_facts=deals)
    found = spread(engine, "north", BEGAN, BEGAN + timedelta(days=9))
    assert found == [Got("ana", 2, 1, 0, 570, 500), Got("ben", 1, 0, 0, None, None)]
