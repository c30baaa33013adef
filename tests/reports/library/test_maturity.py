"""Cohort maturity and company engagement, on both engines, against figures worked out by hand."""

from datetime import date

import pytest

from loopline.reports.options import Options
from loopline.reports.run import open_figure, run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day, row_of


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    """Learnt as it happened, so that the books can be asked as of early days."""
    shelf = Shelf(reading_engine)
    for key, created, closed in (("a", 1, 11), ("b", 2, 42), ("c", 3, None), ("d", 30, None), ("feb", -9, 1)):
        shelf.lead(key, key, day(created), learnt=day(created))
        if closed is not None:
            shelf.won(f"o-{key}", key, day(closed), 100_00, lead_id=key, learnt=day(closed))
    for company, person, touches in (("acme", "ann", 3), ("acme", "bob", 1), ("zeta", "zoe", 2)):
        shelf.fact("company_facts", company, unit_id="north", name=company.title(), industry="Food", learnt=day(1))
        shelf.fact("person_facts", person, unit_id="north", canonical_id=person, company_id=company, learnt=day(1))
        shelf.link(f"visitor:{person}", person, learnt=day(1))
        for number in range(touches):
            shelf.touch(f"{person}{number}", f"visitor:{person}", day(5 + number), learnt=day(5 + number),
                        touch_kind="form" if number == 2 else "entry", is_entry=number != 2)  # fmt: skip
    shelf.touch("bot", "visitor:zoe2", day(5), bot_verdict="machine:crawler", learnt=day(5))
    shelf.touch("stranger", "visitor:nobody", day(5), learnt=day(5))
    shelf.won("try", "", day(9), 70_00, company_id="acme", outcome="open", closed_at=None, learnt=day(9))
    shelf.won("gone", "", day(9), 70_00, company_id="acme", outcome="lost", learnt=day(9))
    shelf.won("had", "", day(-40), 30_00, company_id="acme", learnt=day(1))
    shelf.fact("person_facts", "end", unit_id="north", canonical_id="end", learnt=day(75))
    return shelf.store()


def test_shares_are_of_leads_old_enough_and_within_their_days(reading_engine: Engine, shelf: Shelf) -> None:
    """As of day 75 the month is 44 days old: of four leads one was won within 14 and 30 days; 45 is not known yet."""
    result = run_report("cohort-maturity", Options(**MARCH, as_of=day(75)), reading_engine, BOOKS)
    march = row_of(result, "2024-03-01").values
    assert (march["cohort_leads"], march["cohort_won_minor"]) == (4, 200_00)
    assert [march[f"won_share_{days}"] for days in (14, 30, 45, 60)] == [25.0, 25.0, None, None]
    total = result.totals.values
    assert (total["won_within_45"], total["aged_45"], total["won_share_45"]) == (2, 4, 50.0)
    assert (total["won_share_60"], total["won_share_90"]) == (66.6667, None)
    assert result.check is not None
    assert result.check.holds


def test_a_young_month_is_blank_and_not_zero(reading_engine: Engine, shelf: Shelf) -> None:
    result = run_report("cohort-maturity", Options(**MARCH, as_of=day(40)), reading_engine, BOOKS)
    march = row_of(result, "2024-03-01")
    assert [march.values[f"won_share_{days}"] for days in (14, 30)] == [None, None]
    assert march.young_note.startswith("too early to judge")
    february = Options(first=date(2024, 2, 1), last=date(2024, 3, 31), as_of=day(40))
    assert (
        row_of(run_report("cohort-maturity", february, reading_engine, BOOKS), "2024-02-01").values["won_share_30"]
        == 100
    )


def test_a_company_is_what_its_people_did_and_what_is_at_stake(reading_engine: Engine, shelf: Shelf) -> None:
    result = run_report("company-engagement", Options(**MARCH, as_of=day(75)), reading_engine, BOOKS)
    acme = row_of(result, "acme")
    assert (acme.label, acme.note) == ("Acme", "Food")
    assert acme.values == {
        "active_people": 2, "company_sessions": 3, "company_touches": 4, "people_asked": 1, "quiet_hours": 24 * 68,
        "open_opportunities": 1, "at_stake_minor": 70_00, "bought_minor": 30_00,
    }  # fmt: skip
    assert row_of(result, "zeta").values["company_touches"] == 2
    assert result.rows[0].key == "acme", "the one with something at stake stands first"
    asked = Options(**MARCH, as_of=day(75))
    opened = open_figure("company-engagement", "acme", "company_touches", asked, reading_engine, BOOKS)
    assert [(one.kind, one.record_id, one.adds) for one in opened.items] == [("person", "ann", 3), ("person", "bob", 1)]
