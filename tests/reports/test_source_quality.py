"""The quality of lead sources on both engines: the young apart, ranked by the lower bound, the lucky few below."""

from datetime import date, timedelta

import pytest

from loopline.reports.dimension import UNATTRIBUTED
from loopline.reports.options import Options
from loopline.reports.run import open_figure, run_report
from loopline.reports.source_quality import SourceQuality, source_quality
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, Shelf, day

MARCH = Options(first=date(2024, 3, 1), last=date(2024, 3, 31), by="channel")


def a_lead(shelf: Shelf, key: str, channel: str, at: float, *, won: int | None = None, converted: bool = False) -> None:
    """A lead that came through a channel an hour before; converted, and won for so many cents, two days later."""
    shelf.person(f"p-{key}", f"v-{key}")
    if channel:
        shelf.touch(f"e-{key}", f"visitor:v-{key}", day(at) - timedelta(hours=1), channel=channel)
    shelf.lead(key, f"p-{key}", day(at))
    if converted or won is not None:
        outcome = {"outcome": "won", "closed_at": day(at + 4), "reporting_minor": won} if won else {"outcome": "open"}
        shelf.fact(
            "opportunity_facts", f"o-{key}", unit_id="north", lead_id=key, created_at=day(at + 2), refunded_minor=0,
            currency="EUR", **outcome,
        )  # fmt: skip


def asked(engine: Engine) -> SourceQuality:
    shelf = Shelf(engine)
    for number in range(40):
        a_lead(shelf, f"s{number}", "Paid Search", 2, converted=number < 20, won=50_00 if number < 10 else None)
    for number in range(2):
        a_lead(shelf, f"r{number}", "Referral", 3, converted=True)
    a_lead(shelf, "lost", "", 4)
    shelf.store()
    return source_quality(MARCH, engine, BOOKS)


def test_sources_are_ranked_by_what_is_certain(engine: Engine) -> None:
    found = asked(engine)
    assert [source.key for source in found.sources] == ["Paid Search", "Referral", UNATTRIBUTED]
    search, referral, nothing = found.sources
    assert (search.leads, search.converted.part, search.converted.whole) == (40, 20, 40)
    assert (search.won.part, search.won_minor) == (10, 500_00)
    assert referral.converted.value == 1.0
    assert not referral.is_enough
    assert search.converted.low > referral.converted.low
    assert nothing.leads == 1
    assert found.mature_after == timedelta(days=3)


def test_the_report_says_the_same_and_opens(engine: Engine) -> None:
    page = asked(engine)
    result = run_report("source-quality", MARCH, engine, BOOKS)
    assert [row.key for row in result.rows] == [source.key for source in page.sources]
    for row, source in zip(result.rows, page.sources, strict=True):
        assert (row.values["source_leads"], row.values["source_judged"], row.values["source_converted"]) == (
            source.leads, source.converted.whole, source.converted.part,
        )  # fmt: skip
        assert row.values["source_at_least"] == pytest.approx(source.at_least, abs=1e-4)
        assert (row.values["source_won"], row.values["source_minor"]) == (source.won.part, source.won_minor)
    assert [bool(row.young_note) for row in result.rows] == [False, True, True]
    assert result.check
    assert result.check.holds
    opened = open_figure("source-quality", "Paid Search", "source_won", MARCH, engine, BOOKS)
    assert (opened.count, {one.kind for one in opened.items}) == (10, {"lead"})


def test_leads_that_could_not_have_converted_yet_are_not_held_against_a_source(engine: Engine) -> None:
    shelf = Shelf(engine)
    a_lead(shelf, "young", "Referral", 91.4)
    shelf.store()
    asked(engine)
    late = Options(first=date(2024, 3, 1), last=date(2024, 6, 1), by="channel", as_of=LEARNT)
    [referral] = [one for one in source_quality(late, engine, BOOKS).sources if one.key == "Referral"]
    assert (referral.leads, referral.converted.whole, referral.young) == (3, 2, 1)


def test_without_leads_there_are_no_sources(engine: Engine) -> None:
    found = source_quality(MARCH, engine, BOOKS)
    assert found.sources == ()
    assert run_report("source-quality", MARCH, engine, BOOKS).is_empty
    assert found.mature_after is None


def test_how_long_is_long_is_learnt_from_all_that_ever_converted(engine: Engine) -> None:
    """In January it took twenty days each time; of March's nobody had so long, and one was lucky."""
    shelf = Shelf(engine)
    for number in range(20):
        a_lead(shelf, f"j{number}", "Referral", -50)
        shelf.fact("opportunity_facts", f"o-j{number}", unit_id="north", lead_id=f"j{number}", created_at=day(-30),
                   refunded_minor=0, currency="EUR", outcome="open")  # fmt: skip
    a_lead(shelf, "quick", "Referral", 85, converted=True)
    a_lead(shelf, "waits", "Referral", 85)
    shelf.store()
    late = Options(first=date(2024, 5, 1), last=date(2024, 5, 31), by="channel", as_of=LEARNT)
    found = source_quality(late, engine, BOOKS)
    [referral] = found.sources
    assert (referral.leads, referral.young) == (2, 2), "seven days old"
    assert found.mature_after == timedelta(days=21)
