"""The forecast of books that a sceptic would make up: nothing won, nothing known, refunds larger than sales."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from loopline.reports.library.forecast import REPORT
from loopline.reports.options import Options
from loopline.reports.result import ReportResult
from loopline.reports.run import open_figure, settle_for
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, day

ASKED = Options(**MARCH, as_of=LEARNT)  # type: ignore[arg-type]
COLUMNS = ("from_open_minor", "from_leads_minor", "to_come_minor", "expected_low_minor", "expected_high_minor")


def forecast(engine: Engine) -> ReportResult:
    """Asked anew: what was answered before as of the same moment is not taken again."""
    return REPORT.run(REPORT, settle_for(REPORT, ASKED, engine, BOOKS), engine)


def decided(shelf: Shelf, count: int = 30, amount: int | None = 100_00, outcome: str = "won") -> None:
    for number in range(count):
        shelf.lead(f"lead-{number}", f"lead-{number}", day(2))
        shelf.won(f"old-{number}", "", day(20), amount, outcome=outcome, stage="proposal", created_at=day(10),
                  lead_id=f"lead-{number}")  # fmt: skip


def is_open(shelf: Shelf, key: str, amount: int | None, *, days: float = 3) -> None:
    shelf.won(key, "", day(1), amount, outcome="open", stage="proposal", closed_at=None,
              created_at=LEARNT - timedelta(days=days))  # fmt: skip


def in_hand(shelf: Shelf, count: int) -> None:
    for number in range(count):
        shelf.lead(f"new-{number}", f"new-{number}", LEARNT - timedelta(days=number % 4 + 1))


def all_lost(shelf: Shelf) -> None:
    decided(shelf, outcome="lost")
    is_open(shelf, "open", 100_00)


def amounts_unknown(shelf: Shelf) -> None:
    decided(shelf, amount=None)
    is_open(shelf, "open", None)


@pytest.mark.parametrize("fill", [all_lost, amounts_unknown])
def test_without_a_sale_whose_worth_is_known_there_is_no_forecast_and_the_page_says_why(
    engine: Engine, fill: Callable[[Shelf], None]
) -> None:
    shelf = Shelf(engine)
    fill(shelf)
    in_hand(shelf, 5)
    shelf.store()
    result = forecast(engine)
    assert result.rows == []
    assert set(result.totals.values.values()) == {None}, "not known, and not 0"
    [said] = result.warnings
    assert said.startswith("Of no sale of the period is it known what it is worth")
    for metric in COLUMNS:
        assert open_figure("forecast", "~total", metric, ASKED, engine, BOOKS).total is None


def refunds_exceed(shelf: Shelf) -> None:
    decided(shelf, amount=-50_00)
    is_open(shelf, "open", 100_00)


def some_negative(shelf: Shelf) -> None:
    """Three open ones, one of them below zero."""
    decided(shelf)
    is_open(shelf, "open", 100_00)
    is_open(shelf, "more", 70_00)
    is_open(shelf, "reopened", -30_00)


def only_negative(shelf: Shelf) -> None:
    decided(shelf)
    is_open(shelf, "reopened", -30_00)


def in_the_future(shelf: Shelf) -> None:
    decided(shelf)
    is_open(shelf, "booked-ahead", 100_00, days=-20)


@pytest.mark.parametrize("fill", [refunds_exceed, some_negative, only_negative, in_the_future])
def test_every_figure_opens_into_parts_that_add_up_to_it_whatever_its_sign(
    engine: Engine, fill: Callable[[Shelf], None]
) -> None:
    shelf = Shelf(engine)
    fill(shelf)
    in_hand(shelf, 7)
    shelf.store()
    result = forecast(engine)
    for row in [*result.rows, result.totals]:
        for metric in COLUMNS[:2]:
            opened = open_figure("forecast", row.key, metric, ASKED, engine, BOOKS)
            assert opened.total == sum(one.adds or 0 for one in opened.items) == row.values[metric], (row.key, metric)
    assert result.totals.values["from_open_minor"]
    assert result.totals.values["from_leads_minor"]


def test_one_open_opportunity_is_worth_its_chance(engine: Engine) -> None:
    shelf = Shelf(engine)
    decided(shelf, 15)
    for number in range(15):
        shelf.won(f"lost-{number}", "", day(20), 100_00, outcome="lost", stage="proposal", created_at=day(10))
    is_open(shelf, "open", 100_00)
    shelf.store()
    values = forecast(engine).totals.values
    assert values["from_open_minor"] == pytest.approx(50_00, rel=0.05)
    assert (values["expected_low_minor"], values["expected_high_minor"]) == (0, 100_00)
