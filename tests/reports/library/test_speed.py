"""How long leads wait for an answer, on both engines, against a few worked out by hand."""

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

    def handed(key: str, on: float, hours: float | None, answer: str = "accepted_at", **row: object) -> None:
        answered = {} if hours is None else {answer: day(on) + timedelta(hours=hours)}
        shelf.lead(key, key, day(on - 1), **{"handed_over_at": day(on), "owner_id": "jonas", **answered, **row})

    handed("quick", 4, 0.5)
    handed("same-day", 5, 20)
    handed("sent-back", 6, 2, "rejected_at")
    handed("slow", 12, 100, owner_id="dana")
    handed("waiting", 12, None, owner_id="dana")
    handed("removed", 12, None, is_deleted=True)
    handed("south", 12, 1, unit_id="south")
    shelf.lead("never", "never", day(5))
    shelf.won("sale", "quick", day(20), 10_00, lead_id="quick")
    shelf.won("try", "slow", day(20), 10_00, lead_id="slow", outcome="lost")
    return shelf.store()


def speed(engine: Engine, **options: object) -> ReportResult:
    asked = Options(**{**MARCH, "by": "speed", "unit_ids": frozenset({"north"}), **options})  # type: ignore[arg-type]
    return run_report("speed-to-lead", asked, engine, BOOKS)


def test_rows_follow_each_other_from_quick_to_no_answer(reading_engine: Engine, shelf: Shelf) -> None:
    result = speed(reading_engine)
    assert [(row.label, row.values["handed"]) for row in result.rows] == [
        ("1 hour", 1), ("4 hours", 1), ("1 day", 1), ("longer", 1), ("no answer yet", 1),
    ]  # fmt: skip
    assert (row_of(result, "1").values["won_of_handed"], row_of(result, "5").values["converted_of_handed"]) == (
        100,
        100,
    )
    waiting = row_of(result, "6").values
    assert (waiting["hours_to_answer"], waiting["unanswered"], waiting["won_of_handed"]) == (None, 1, 0)


def test_totals_say_how_long_the_middle_and_the_slow_ones_waited(reading_engine: Engine, shelf: Shelf) -> None:
    """Answers after half an hour, 2, 20 and 100 hours."""
    result = speed(reading_engine)
    totals = result.totals.values
    assert (totals["hours_to_answer"], totals["hours_to_answer_slow"]) == (11.0, 76.0)
    assert (totals["handed"], totals["answered"], totals["accepted_answers"]) == (5, 4, 3)
    assert result.check is not None
    assert (result.check.rows, result.check.records) == (5, 5)


def test_rows_are_people_or_weeks_and_open(reading_engine: Engine, shelf: Shelf) -> None:
    assert {row.key: row.values["handed"] for row in speed(reading_engine, by="person").rows} == {"dana": 2, "jonas": 3}
    assert [(row.label, row.values["handed"]) for row in speed(reading_engine, by="week").rows] == [
        ("4 Mar 2024", 3), ("11 Mar 2024", 2),
    ]  # fmt: skip
    asked = Options(**MARCH, by="person", unit_ids=frozenset({"north"}))
    opened = open_figure("speed-to-lead", "dana", "unanswered", asked, reading_engine, BOOKS)
    assert [one.record_id for one in opened.items] == ["waiting"]
