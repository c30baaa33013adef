"""The promises of both sides, on both engines, against a few clocks worked out by hand."""

from datetime import timedelta

import pytest

from loopline.reports.options import Options
from loopline.reports.result import ReportResult
from loopline.reports.run import open_figure, run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day, row_of


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    shelf = Shelf(reading_engine)

    def clock(
        key: str, kind: str, began: float, hours: float | None, *, is_broken: bool = False, **row: object
    ) -> None:
        stopped = None if hours is None else day(began) + timedelta(hours=hours)
        shelf.fact(
            "clock_facts", key,
            **({"unit_id": "north", "lead_id": f"lead-{key}", "side": "sales", "kind": kind, "owner_id": "jonas",
                "started_at": day(began), "due_at": day(began + 1), "stopped_at": stopped,
                "breached_at": day(began + 1) if is_broken else None} | row),
        )  # fmt: skip

    clock("a", "answer", 4, 2)
    clock("b", "answer", 5, 6)
    clock("c", "answer", 6, 40, is_broken=True)
    clock("d", "first_touch", 6, None, is_broken=True, owner_id="dana")
    clock("gone", "answer", 6, 1, is_deleted=True)
    clock("south", "answer", 6, 1, unit_id="south")
    clock("april", "answer", 40, 1)
    return shelf.store()


def hand_off(engine: Engine, **options: object) -> ReportResult:
    asked = Options(**{**MARCH, "by": "promise", "unit_ids": frozenset({"north"}), **options})  # type: ignore[arg-type]
    return run_report("hand-off", asked, engine, BOOKS)


def test_promises_kept_broken_and_how_long_they_took(reading_engine: Engine, shelf: Shelf) -> None:
    result = hand_off(reading_engine)
    answer = row_of(result, "answer")
    assert (answer.label, answer.note) == ("Accept it or send it back", "sales")
    assert answer.values == {
        "promises": 3, "promises_kept": 2, "promises_broken": 1, "promises_kept_rate": 66.6667, "hours_to_keep": 6.0,
        "hours_to_keep_slow": 33.2,
    }  # fmt: skip
    never = row_of(result, "first_touch").values
    assert (never["promises_kept_rate"], never["hours_to_keep"]) == (0.0, None)
    assert result.check is not None
    assert (result.check.rows, result.check.records) == (4, 4)


def test_rows_are_people_or_weeks(reading_engine: Engine, shelf: Shelf) -> None:
    assert {row.key: row.values["promises"] for row in hand_off(reading_engine, by="person").rows} == {
        "jonas": 3, "dana": 1,
    }  # fmt: skip
    assert {row.label: row.values["promises"] for row in hand_off(reading_engine, by="week").rows} == {
        "4 Mar 2024": 4,
    }  # fmt: skip


def test_what_was_broken_opens_into_its_leads(reading_engine: Engine, shelf: Shelf) -> None:
    asked = Options(**MARCH, by="promise", unit_ids=frozenset({"north"}))
    opened = open_figure("hand-off", "~total", "promises_broken", asked, reading_engine, BOOKS)
    assert [one.record_id for one in opened.items] == ["lead-c", "lead-d"]
