"""Every figure opens: what is listed behind it adds up to it."""

from datetime import date

import pytest

from loopline.reports.behind import behind
from loopline.reports.metric import METRICS
from loopline.reports.options import Books, OptionError, Options
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, closed_loop, day

OPENS = [key for key, metric in METRICS.items() if not metric.parts]


def small_books(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.campaign("spring", "spring")
    shelf.campaign("news", "news")
    for person, visitor in (("ines", "v1"), ("ben", "v2")):
        shelf.person(person, visitor)
        shelf.touch(f"a-{visitor}", f"visitor:{visitor}", day(2), utm_campaign="spring", channel="Paid Search")
        shelf.touch(f"b-{visitor}", f"visitor:{visitor}", day(5), utm_campaign="news", channel="Email", unit_id="north")
        shelf.touch(f"c-{visitor}", f"visitor:{visitor}", day(6), utm_campaign="hidden", unit_id="south")
        shelf.lead(f"l-{person}", person, day(7))
    shelf.touch("stranger", "visitor:v9", day(9), utm_campaign="spring")
    shelf.won("o1", "ines", day(20), 100_01, lead_id="l-ines")
    shelf.won("o2", "", day(21), 50_00)
    shelf.cost("c1", "spring", 400_00, date(2024, 2, 28), date(2024, 3, 4))
    shelf.cost("c2", "", 7_00, date(2024, 3, 4))
    shelf.cost("c3", "news", None, date(2024, 3, 4))
    shelf.store()


@pytest.mark.parametrize(("clock", "is_everything_seen"), [("period", True), ("cohort", False)])
def test_what_is_behind_each_figure_adds_up_to_it(engine: Engine, clock: str, is_everything_seen: bool):
    small_books(engine)
    units = BOOKS.units if is_everything_seen else {"north": "North"}
    books = Books(currency="EUR", zone="UTC", units=units, sees_all_units=is_everything_seen)
    result = closed_loop(engine, clock=clock, books=books, by="campaign")
    options = Options(**MARCH, clock=clock)
    rows = [*result.rows, result.totals]
    figures = [(row.key, key, row.values[key]) for row in rows for key in OPENS if row.values.get(key) is not None]
    for row, key, figure in figures:
        found = behind(row, key, options, engine, books)
        assert found.total == pytest.approx(figure), (row, key)
        if found.visitors:
            assert sum(one.adds for one in found.visitors) == figure
        if found.records:
            assert sum(one.credit or 0 for one in found.records) == pytest.approx(figure)
            for record in found.records:
                if not record.reason:
                    assert sum(touch.credit or 0 for touch in record.touches) == pytest.approx(record.credit)


def test_a_touchpoint_of_another_unit_shows_nothing_but_its_credit(engine: Engine):
    small_books(engine)
    books = Books(currency="EUR", zone="UTC", units={"north": "North"}, sees_all_units=False)
    found = behind("~other_units", "revenue_minor", Options(**MARCH), engine, books)
    [touch] = found.records[0].touches
    assert (touch.channel, touch.code, touch.landing_path) == ("", "", "")
    assert touch.credit == 33_34 - 1


def test_the_unattributed_say_why(engine: Engine):
    small_books(engine)
    found = behind("~unattributed", "revenue_minor", Options(**MARCH), engine, BOOKS)
    assert [(one.record_id, one.reason, one.credit) for one in found.records] == [("o2", "no_identity", 50_00)]


def test_a_figure_that_does_not_exist_is_refused(engine: Engine):
    with pytest.raises(OptionError, match="no figure “luck”"):
        behind("spring", "luck", Options(**MARCH), engine, BOOKS)
