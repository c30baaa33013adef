"""The forecast: its draws against what can be worked out by hand, and its questions on both engines."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from loopline.reports.forecast.outlook import LeadsInHand, Open, Record, outlook
from loopline.reports.options import OptionError, Options
from loopline.reports.run import open_figure, run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, day

ENDS = np.array([30.0, 60.0, 90.0])
NOTHING = np.array([])
NO_LEADS = LeadsInHand(NOTHING, Record(0, 0), NOTHING, NOTHING, NOTHING, 0)
LAGS = np.array([20.0, 50.0, 80.0, 80.0])
AMOUNTS = np.array([80_00.0, 120_00.0])


def test_open_opportunities_are_won_at_the_rate_of_their_stage_after_the_lags_of_the_won() -> None:
    """Just opened, a rate of 0.5, worth 1,000: a quarter of it in each of the first two months, half in the third."""
    found = outlook(
        Open(["a"] * 40, np.zeros(40), [1_000] * 40), {"a": Record(5000, 5000)}, LAGS, AMOUNTS, NO_LEADS, ENDS
    )
    assert found.expected == pytest.approx([5_000, 5_000, 10_000], rel=0.05)
    assert (found.low < found.expected).all()
    assert (found.high > found.expected).all()


def test_what_is_older_than_all_that_were_won_is_not_expected_any_more() -> None:
    found = outlook(Open(["a"], np.array([81.0]), [1_000]), {"a": Record(9, 1)}, LAGS, AMOUNTS, NO_LEADS, ENDS)
    assert found.expected.sum() == 0


def test_the_fewer_the_history_the_wider_the_range() -> None:
    few, many = (
        outlook(Open(["a"] * 99, np.zeros(99), [1_000] * 99), {"a": Record(n, n)}, LAGS, AMOUNTS, NO_LEADS, ENDS)
        for n in (5, 5000)
    )
    assert few.total_high - few.total_low > 2 * (many.total_high - many.total_low)


def test_an_unknown_amount_is_worth_a_mean_sale_and_an_unknown_stage_nothing() -> None:
    open_now = Open(["a", "new"], np.zeros(2), [None, 1_000])
    found = outlook(open_now, {"a": Record(10_000, 0)}, LAGS, AMOUNTS, NO_LEADS, ENDS)
    assert found.expected.sum() == pytest.approx(100_00, rel=0.01)


def test_leads_in_hand_fare_like_older_ones_that_had_no_opportunity_at_their_age() -> None:
    """Of 10 older leads 4 had one after 5 days and 2 of those were won, 2 had one after 40 days and were won.

    At an age of 30 days 6 of them had none; those 2 were won 20 days later.
    """
    history = LeadsInHand(
        np.full(600, 30.0),
        Record(4, 6),
        np.array([5.0, 5, 5, 5, 40, 40]),
        np.array([25.0, 25, np.nan, np.nan, 50, 50]),
        NOTHING,
        0,
    )
    found = outlook(Open([], NOTHING, []), {}, LAGS, AMOUNTS, history, ENDS)
    assert found.from_leads[0] == pytest.approx(200 * 100_00, rel=0.05)
    assert found.from_leads[1:].sum() == 0


def test_leads_to_come_are_won_once_they_had_time() -> None:
    """Two a day, 4 of 10 won after 25 days: 5 of the days of the first month, 30 of the others."""
    history = LeadsInHand(NOTHING, Record(400, 600), np.full(400, 1.0), np.full(400, 25.0), NOTHING, 180)
    found = outlook(Open([], NOTHING, []), {}, LAGS, AMOUNTS, history, ENDS)
    assert found.to_come == pytest.approx(np.array([5, 30, 30]) * 2 * 0.4 * 100_00, rel=0.1)


def test_the_range_knows_that_pace_and_amounts_are_told_from_what_came_by_chance() -> None:
    """25 leads came in 90 days, all are won the next day for 100: about 25 sales, as uncertain as their own number
    (25) and as the pace (25 of 25) make it. Of 25 sales with amounts as uneven, the mean is as uncertain again."""
    every = LeadsInHand(NOTHING, Record(50_000, 1), np.full(50_000, 0.5), np.full(50_000, 0.6), NOTHING, 25)
    alike, uneven = np.full(25, 100.0), np.array([0.0] * 20 + [500.0] * 5)
    for amounts, variance in ((alike, 25 + 25), (uneven, 25 * 5 + 25 + 25 * 25 * 4 / 25)):
        found = outlook(Open([], NOTHING, []), {}, LAGS, amounts, every, ENDS)
        assert found.total_high - found.total_low == pytest.approx(2 * 1.2816 * 100 * variance**0.5, rel=0.12)
        assert found.to_come.sum() == pytest.approx(25 * 100, rel=0.05)


def test_the_same_books_give_the_same_figures() -> None:
    asked = (Open(["a"] * 9, np.zeros(9), [1_000] * 9), {"a": Record(5, 5)}, LAGS, AMOUNTS, NO_LEADS, ENDS)
    assert (outlook(*asked).low == outlook(*asked).low).all()


def test_from_the_books_to_the_months(engine: Engine) -> None:
    """As of June 1: 20 of 40 in the same stage were won within ten days; 10 are open since yesterday, each of 100."""
    shelf = Shelf(engine)
    for number in range(40):
        outcome, closed = ("won", day(20)) if number % 2 else ("lost", day(21))
        shelf.won(f"old-{number}", "", closed, 100_00, outcome=outcome, stage="proposal", created_at=day(10))
    for number in range(10):
        shelf.won(f"new-{number}", "", day(1), 100_00, outcome="open", stage="proposal", closed_at=None,
                  created_at=LEARNT - timedelta(days=1))  # fmt: skip
    shelf.won("elsewhere", "", day(1), 9_000_00, outcome="open", stage="proposal", closed_at=None, unit_id="south",
              created_at=LEARNT - timedelta(days=1))  # fmt: skip
    shelf.store()
    asked = Options(**MARCH, as_of=LEARNT, unit_ids=frozenset({"north"}))
    result = run_report("forecast", asked, engine, BOOKS)
    assert result.check
    assert result.check.holds
    assert result.check.records > 0
    assert [row.label for row in result.rows] == [
        "Jun 2024",
        "Jul 2024",
        "Aug 2024",
        "Sep 2024",
        "Oct 2024",
        "Nov 2024",
    ]
    assert result.rows[0].values["from_open_minor"] == pytest.approx(500_00, rel=0.05)
    assert result.totals.values["expected_minor"] == sum(int(row.values["expected_minor"] or 0) for row in result.rows)
    opened = open_figure("forecast", "2024-06-01", "from_open_minor", asked, engine, BOOKS)
    assert {(one.kind, one.record_id) for one in opened.items} == {("opportunity", f"new-{n}") for n in range(10)}
    assert sum(one.adds or 0 for one in opened.items) == result.rows[0].values["from_open_minor"] == opened.total
    few = run_report("forecast", Options(**MARCH, as_of=LEARNT, unit_ids=frozenset({"south"})), engine, BOOKS)
    assert few.rows == []
    assert "needs 30 to learn from" in few.warnings[0]
    assert open_figure("forecast", "~total", "from_open_minor", replace(asked, unit_ids=frozenset({"south"})),
                       engine, BOOKS).total is None  # fmt: skip


def test_what_is_expected_from_leads_opens_into_the_leads_in_hand(reading_engine: Engine) -> None:
    """40 older leads: half were won after 20 days. Of those in hand three are 5 days old and one is new."""
    shelf = Shelf(reading_engine)
    for number in range(40):
        shelf.lead(f"old-{number}", f"old-{number}", day(2))
        if number % 2:
            outcome = "won" if number % 4 == 1 else "lost"
            shelf.won(f"sale-{number}", "", day(22 + number / 4), 100_00, outcome=outcome, stage="proposal",
                      created_at=day(12), lead_id=f"old-{number}")  # fmt: skip
    for number in range(30):
        shelf.won(f"more-{number}", "", day(20), 100_00, stage="proposal", created_at=day(10))
    for key, age in (("a", 5), ("b", 5), ("c", 5), ("new", 1)):
        shelf.lead(key, key, LEARNT - timedelta(days=age))
    shelf.lead("gone", "gone", LEARNT - timedelta(days=5), state="rejected")
    shelf.lead("elsewhere", "elsewhere", LEARNT - timedelta(days=5), unit_id="south")
    shelf.store()
    asked = Options(**MARCH, as_of=LEARNT, unit_ids=frozenset({"north"}))
    result = run_report("forecast", asked, reading_engine, BOOKS)
    for row in [*result.rows, result.totals]:
        for metric in ("from_open_minor", "from_leads_minor"):
            opened = open_figure("forecast", row.key, metric, asked, reading_engine, BOOKS)
            assert opened.total == sum(one.adds or 0 for one in opened.items) == row.values[metric], (row.key, metric)
    leads = open_figure("forecast", "~total", "from_leads_minor", asked, reading_engine, BOOKS)
    assert leads.total
    assert {one.record_id for one in leads.items} == {"a", "b", "c", "new"}
    with pytest.raises(OptionError, match="no month"):
        open_figure("forecast", "2023-01-01", "from_leads_minor", asked, reading_engine, BOOKS)


def test_leads_in_hand_fare_like_older_ones_that_were_not_given_up_at_their_age_either(engine: Engine) -> None:
    """Of 40 older leads 20 were given up within a day, 10 became a sale of 100, and nothing came of 10. Ten that are
    five days old fare like the other 20, not like all 40. Two of those that were won had been sent back for a while."""
    shelf = Shelf(engine)
    for number in range(40):
        key = f"old-{number}"
        shelf.lead(key, key, day(2), state="accepted", occurred_at=day(2))
        if number < 20 or number in (20, 21):
            state = ("rejected", "recycled", "disqualified")[number % 3]
            shelf.lead(key, key, day(2), state=state, occurred_at=day(2.5))
            shelf.lead(key, key, day(2), state=state, owner_id="jo", occurred_at=day(40))
        if number in (20, 21):
            shelf.lead(key, key, day(2), state="handed_over", occurred_at=day(8))
        if 20 <= number < 30:
            shelf.lead(key, key, day(2), state="converted", occurred_at=day(12))
            shelf.won(f"sale-{number}", "", day(22), 100_00, stage="proposal", created_at=day(12), lead_id=key)
    for number in range(30):
        shelf.won(f"more-{number}", "", day(20), 100_00, stage="proposal", created_at=day(10))
    for number in range(10):
        shelf.lead(f"new-{number}", f"new-{number}", LEARNT - timedelta(days=5), state="accepted")
    shelf.store()
    result = run_report("forecast", Options(**MARCH, as_of=LEARNT), engine, BOOKS)
    assert result.totals.values["from_leads_minor"] == pytest.approx(10 * 10 / 20 * 100_00, rel=0.05)


def test_leads_that_come_all_day_long_are_half_a_day_older_than_their_whole_days(
    reading_engine: Engine,
) -> None:
    """Of 40 older leads 20 were given up after nine hours; of the others every one was won. Those in hand that came
    today are between nothing and a day old: on the mean they have passed the nine hours."""
    shelf = Shelf(reading_engine)
    for number in range(40):
        key = f"quick-{number}"
        shelf.lead(key, key, day(2), state="accepted", unit_id="quick", occurred_at=day(2))
        if number < 20:
            shelf.lead(key, key, day(2), state="disqualified", unit_id="quick", occurred_at=day(2 + 9 / 24))
        else:
            shelf.won(f"quick-sale-{number}", "", day(22), 100_00, stage="proposal", created_at=day(12), lead_id=key,
                      unit_id="quick")  # fmt: skip
    for number in range(10):
        at = LEARNT - timedelta(days=(number + 0.5) / 10)
        shelf.lead(f"today-{number}", f"today-{number}", at, state="accepted", unit_id="quick")
    for number in range(10):
        shelf.won(f"quick-more-{number}", "", day(20), 100_00, stage="proposal", created_at=day(10), unit_id="quick")
    shelf.store()
    books = replace(BOOKS, units={"quick": "Quick"})
    asked = Options(**MARCH, as_of=LEARNT, unit_ids=frozenset({"quick"}))
    result = run_report("forecast", asked, reading_engine, books)
    assert result.totals.values["from_leads_minor"] == pytest.approx(10 * 100_00, rel=0.05)
