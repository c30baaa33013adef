"""The forecast says so where clearly more or fewer leads come than a year before: it expects as many as lately."""

from datetime import timedelta

import pytest

from loopline.reports.options import Options
from loopline.reports.run import run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, day


def said(engine: Engine, lately: int, year_before: int, *, earlier: int = 1) -> list[str]:
    shelf = Shelf(engine)
    for number in range(30):
        shelf.won(f"sale-{number}", "", day(20), 100_00, stage="proposal", created_at=day(10))
    for days, count in ((1, lately), (366, year_before), (500, earlier)):
        for number in range(count):
            shelf.lead(f"{days}-{number}", f"{days}-{number}", LEARNT - timedelta(days=days + number / 10))
    shelf.store()
    return run_report("forecast", Options(**MARCH, as_of=LEARNT), engine, BOOKS).warnings


@pytest.mark.parametrize(("lately", "word"), [(90, "more"), (10, "less")])
def test_clearly_more_or_fewer_leads_than_a_year_before_are_told(engine: Engine, lately: int, word: str) -> None:
    [told] = said(engine, lately, 40)
    assert told.startswith(f"{lately} leads came in the last 90 days, 40 in those days a year before.")
    assert f"{word} comes of them than stands here" in told


@pytest.mark.parametrize(("lately", "before", "earlier"), [(50, 40, 1), (90, 40, 0), (90, 0, 0)])
def test_as_many_but_for_chance_are_not_nor_where_the_books_began_since(
    engine: Engine, lately: int, before: int, earlier: int
) -> None:
    assert said(engine, lately, before, earlier=earlier) == []
