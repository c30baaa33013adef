"""What people said beside what was tracked: categories, answer rate, and no cent of credit, on both engines."""

import json
from datetime import timedelta

import pytest

from loopline.attribution.heard import UNANSWERED, category_of
from loopline.reports.options import Options
from loopline.reports.result import ReportResult
from loopline.reports.run import open_figure, run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, closed_loop, column, day, row_of


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    """Four leads: two said a podcast and a friend, one was asked and said nothing, one was never asked."""
    shelf = Shelf(reading_engine)
    for number, (person, said) in enumerate(
        (("ines", "media"), ("ben", "recommendation"), ("cleo", UNANSWERED), ("dan", None)), start=1
    ):
        shelf.person(person, f"v{number}")
        shelf.touch(f"e{number}", f"visitor:v{number}", day(2), channel="Direct" if number < 3 else "Paid Search")
        asked = {} if said is None else {"self_reported": said}
        shelf.touch(f"f{number}", f"person:{person}", day(5), kind="form", touch_kind="form", channel="Email",
                    properties=json.dumps({"form": "demo"} | asked))  # fmt: skip
        shelf.lead(f"l{number}", person, day(5) + timedelta(seconds=1))
    shelf.touch("later", "person:dan", day(9), kind="form", touch_kind="form",
                properties=json.dumps({"self_reported": "search"}))  # fmt: skip
    return shelf.store()


def reported(engine: Engine, **options: object) -> ReportResult:
    return run_report("self-reported", Options(**{**MARCH, "by": "first_touch", **options}), engine, BOOKS)  # type: ignore[arg-type]


def test_what_was_said_stands_beside_what_was_tracked_with_its_answer_rate(
    reading_engine: Engine, shelf: Shelf
) -> None:
    result = reported(reading_engine)
    direct, search = (row_of(result, key).values for key in ("Direct", "Paid Search"))
    assert {key: value for key, value in direct.items() if value} == {
        "leads_tracked": 2, "leads_asked": 2, "leads_answered": 2, "answer_rate": 100.0, "said_media": 1,
        "said_recommendation": 1,
    }  # fmt: skip
    assert (search["leads_asked"], search["leads_answered"], search["answer_rate"]) == (1, 0, 0.0)
    assert result.totals.values["answer_rate"] == 66.6667
    assert result.check is not None
    assert result.check.holds
    assert column(reported(reading_engine, by="last_touch"), "leads_tracked") == {"Email": 4}
    opened = open_figure(
        "self-reported", "Direct", "said_media", Options(**MARCH, by="first_touch"), reading_engine, BOOKS  # type: ignore[arg-type]
    )  # fmt: skip
    assert [one.record_id for one in opened.items] == ["l1"]


def test_nobody_asked_is_no_answer_rate_and_no_zero(reading_engine: Engine, shelf: Shelf) -> None:
    empty = reported(reading_engine, unit_ids=frozenset({"south"}))
    assert empty.rows == []
    assert empty.totals.values["answer_rate"] is None


def test_it_never_earns_credit(reading_engine: Engine, shelf: Shelf) -> None:
    assert set(column(closed_loop(reading_engine, by="channel"), "leads")) == {"Direct", "Paid Search", "Email"}


@pytest.mark.parametrize(
    ("answer", "category"),
    [
        ("", UNANSWERED), ("   ", UNANSWERED), ("Recommendation", "recommendation"),
        ("a colleague told me", "recommendation"),
        ("Saw you at Hannover Messe", "event"), ("I asked ChatGPT", "ai"), ("linkedin ad", "social"),
        ("Google", "search"), ("your newsletter", "mail"), ("The Podcast of Tim", "media"),
        ("we are a customer", "known"), ("'; DROP TABLE leads; --", "other"), ("🚀", "other"),
    ],
)  # fmt: skip
def test_answers_in_peoples_own_words_find_their_category(answer: str, category: str) -> None:
    assert category_of(answer) == category
