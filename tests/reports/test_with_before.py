"""A report and the one of the period before, asked together: the same figures as apart, as of one moment."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from loopline.reports.catalogue import REPORTS
from loopline.reports.options import Options
from loopline.reports.run import run_with_before, settle
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, Shelf, day

REPORT = REPORTS["closed-loop"]


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    """Ines and Ben come and become leads before the 18th, on which the later half begins; both buy in it."""
    shelf = Shelf(reading_engine)
    shelf.campaign("spring", "spring")
    for number, person in enumerate(("ines", "ben"), start=1):
        shelf.person(person, f"v{number}")
        shelf.touch(f"a{number}", f"visitor:v{number}", day(5), utm_campaign="spring", channel="Paid Search")
        shelf.touch(f"b{number}", f"visitor:v{number}", day(18), utm_campaign="typo", channel="Email")
        shelf.lead(f"l{number}", person, day(10 + number))
        shelf.won(f"o{number}", person, day(19 + number), 100_01 * number, lead_id=f"l{number}")
    shelf.touch("machine", "visitor:v3", day(6), bot_verdict="machine:crawler")
    shelf.touch("south", "visitor:v1", day(7), unit_id="south", channel="Email")
    shelf.won("early", "ines", day(15), 60_00)
    shelf.won("unattributed", "", day(21), 50_00)
    shelf.cost("c1", "spring", 31_00, date(2024, 3, 1), date(2024, 3, 31))
    return shelf.store()


def halves(**options: Any) -> tuple[Options, Options]:
    asked = Options(**{"by": "campaign"} | options)
    earlier = replace(asked, first=date(2024, 3, 4), last=date(2024, 3, 17))
    return earlier, replace(asked, first=date(2024, 3, 18), last=date(2024, 3, 31))


@pytest.mark.parametrize(
    "options",
    [{}, {"model": "time_decay", "unit_ids": frozenset({"north"})}, {"by": "industry", "conversion": "lead"}],
    ids=str,
)
def test_two_periods_say_the_same_together_as_apart(
    reading_engine: Engine, shelf: Shelf, options: dict[str, object]
) -> None:
    earlier, later = (settle(one, reading_engine, BOOKS) for one in halves(**options))
    assert REPORT.run_both
    both = REPORT.run_both(REPORT, earlier, later, reading_engine)
    before, after = (REPORT.run(REPORT, one, reading_engine) for one in (earlier, later))
    assert both == (replace(before, balance=None, warnings=[]), after)
    assert after.dealt.holds
    assert all(one.totals.values["sessions"] for one in both)


@pytest.mark.parametrize("options", [{"clock": "cohort"}, {"model": "influenced"}], ids=str)
def test_what_cannot_be_told_together_is_told_apart(
    reading_engine: Engine, shelf: Shelf, options: dict[str, object]
) -> None:
    earlier, later = halves(**options)
    result, before = run_with_before("closed-loop", later, earlier, reading_engine, BOOKS)
    assert result == REPORT.run(REPORT, settle(later, reading_engine, BOOKS), reading_engine)
    assert before == REPORT.run(REPORT, settle(earlier, reading_engine, BOOKS), reading_engine)


def test_days_between_two_periods_are_in_neither(reading_engine: Engine, shelf: Shelf) -> None:
    earlier, later = halves()
    earlier = replace(earlier, last=date(2024, 3, 14))
    result, before = run_with_before("closed-loop", later, earlier, reading_engine, BOOKS)
    assert before
    assert (result.totals.values["won"], before.totals.values["won"]) == (3, 0)


def test_before_the_books_begin_there_is_nothing_to_compare_with(reading_engine: Engine, shelf: Shelf) -> None:
    earlier, later = halves()
    early = replace(earlier, first=date(2024, 2, 1), last=date(2024, 3, 17))
    assert run_with_before("closed-loop", later, early, reading_engine, BOOKS)[1] is None
    assert run_with_before("closed-loop", later, None, reading_engine, BOOKS)[1] is None
