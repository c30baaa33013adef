"""What ad platforms claim, on both engines: beside the credit, by row and platform, never added up over platforms."""

from datetime import UTC, date, datetime

import pytest

from loopline.reports.files.export import exported
from loopline.reports.files.write import table_lines, written_cells
from loopline.reports.options import Books, OptionError, Options
from loopline.reports.result import ReportResult
from loopline.reports.run import open_figure, run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, closed_loop, day, row_of

LATER = datetime(2024, 7, 1, tzinfo=UTC)


def told(shelf: Shelf, cost_id: str, campaign: str, platform: str, claimed: float | None, **row: object) -> None:
    """A day of an ad that cost 10.00, with what the platform claims for it, worth 100.00 each."""
    shelf.cost(
        cost_id, campaign, 10_00, date(2024, 3, 4), platform=platform,
        claimed_micro=None if claimed is None else round(claimed * 1_000_000),
        claimed_reporting_minor=None if claimed is None else round(claimed * 100_00), **row,
    )  # fmt: skip


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    """Ines touched spring by google and bought for 100; google and linkedin both claim her."""
    shelf = Shelf(reading_engine)
    shelf.campaign("spring", "spring")
    shelf.person("ines", "v1")
    shelf.touch("t1", "visitor:v1", day(2), utm_campaign="spring", utm_source="google", channel="Email")
    shelf.won("o1", "ines", day(20), 100_00)
    told(shelf, "g1", "spring", "google", 1.5)
    told(shelf, "g2", "spring", "google", 1)
    told(shelf, "l1", "spring", "linkedin", 1)
    told(shelf, "silent", "", "bing", None)
    told(shelf, "south", "spring", "google", 70, unit_id="south")
    told(shelf, "removed", "spring", "google", 70, is_deleted=True)
    shelf.cost("plain", "spring", 7_00, date(2024, 3, 4))
    told(shelf, "g2", "spring", "google", 3, learnt=LATER)
    return shelf.store()


def claims(engine: Engine, books: Books = BOOKS, **options: object) -> ReportResult:
    asked = {**MARCH, "by": "campaign", "unit_ids": frozenset({"north"}), "as_of": LEARNT, **options}
    return run_report("platform-claims", Options(**asked), engine, books)  # type: ignore[arg-type]


def test_each_platform_has_a_row_beside_what_the_loop_credits(reading_engine: Engine, shelf: Shelf) -> None:
    result = claims(reading_engine)
    google = row_of(result, "spring|google")
    assert (google.label, google.note) == ("Spring", "google")
    assert google.values == {
        "told_lines": 2, "told_minor": 20_00, "claimed": 2.5, "claimed_minor": 250_00, "leads": 0, "opportunities": 1,
        "won": 1, "revenue_minor": 100_00,
    }  # fmt: skip
    assert row_of(result, "spring|linkedin").values["claimed"] == 1
    assert row_of(result, "|bing").values["claimed"] is None, "a platform that says nothing did not say 0"
    assert result.check is not None
    assert result.check.holds


def test_channels_and_platforms_are_rows_too(reading_engine: Engine, shelf: Shelf) -> None:
    assert row_of(claims(reading_engine, by="channel", conversion="lead"), "Email|linkedin").values["won"] == 1
    google = row_of(claims(reading_engine, by="source"), "google|google")
    assert (google.label, google.note, google.values["claimed"], google.values["won"]) == ("google", "", 2.5, 1)


def test_a_claim_corrected_later_is_as_it_was_as_of_then(reading_engine: Engine, shelf: Shelf) -> None:
    assert row_of(claims(reading_engine, as_of=LATER), "spring|google").values["claimed"] == 4.5
    assert row_of(claims(reading_engine), "spring|google").values["claimed"] == 2.5


def test_there_is_no_total_on_the_page_in_any_file_or_behind_a_figure(reading_engine: Engine, shelf: Shelf) -> None:
    result = claims(reading_engine)
    assert not result.has_total
    assert set(result.totals.values.values()) == {None}
    answer = result.to_json()
    assert len(written_cells(answer)) == 1 + len(result.rows)
    assert not [line for line in table_lines(answer) if line.startswith("Total")]
    head = written_cells(answer)[0]
    assert {"Conversions claimed by the platform", "Value claimed by the platform (EUR)"} <= set(head)
    assert b"Total" not in exported(answer, "csv")
    asked = Options(**MARCH, by="campaign", as_of=LEARNT, unit_ids=frozenset({"north"}))  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="never added up"):
        open_figure("platform-claims", "~total", "claimed", asked, reading_engine, BOOKS)
    found = open_figure("platform-claims", "spring|google", "claimed", asked, reading_engine, BOOKS)
    assert {item.record_id: item.adds for item in found.items} == {"g1": 1.5, "g2": 1}


def test_no_claim_enters_the_closed_loop(reading_engine: Engine, shelf: Shelf) -> None:
    """With claims or without, the same figures: only the cost counts there."""
    told_by = closed_loop(reading_engine, as_of=LEARNT, unit_ids=frozenset({"north"})).totals.values
    assert (told_by["cost_minor"], told_by["revenue_minor"], told_by["won"]) == (47_00, 100_00, 1)


def test_another_unit_sees_none_of_it(reading_engine: Engine, shelf: Shelf) -> None:
    south = Books(currency="EUR", zone="UTC", units={"south": "South"}, sees_all_units=False)
    [row] = claims(reading_engine, south, unit_ids=None).rows
    assert (row.values["claimed"], row.values["told_lines"], row.values["won"]) == (70, 1, 0)


def test_a_line_without_a_rate_is_told_and_is_never_a_zero(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.campaign("spring", "spring")
    told(shelf, "g1", "spring", "google", 2)
    for number in (2, 3):
        shelf.cost(f"g{number}", "spring", None, date(2024, 3, 5), platform="google", currency="CHF",
                   claimed_micro=3_000_000, claimed_reporting_minor=None)  # fmt: skip
    shelf.cost("b1", "spring", None, date(2024, 3, 5), platform="bing", currency="CHF", claimed_micro=1_000_000,
               claimed_reporting_minor=None)  # fmt: skip
    shelf.store()
    result = claims(engine)
    google, bing = row_of(result, "spring|google"), row_of(result, "spring|bing")
    assert (google.values["told_minor"], google.values["claimed_minor"], google.values["claimed"]) == (10_00, 200_00, 8)
    assert (bing.values["told_minor"], bing.values["claimed_minor"], bing.values["claimed"]) == (None, None, 1)
    assert (google.mind, bing.mind) == (
        "left out: 2 lines in CHF without an exchange rate", "left out: 1 line in CHF without an exchange rate",
    )  # fmt: skip
    [words] = [one for one in result.warnings if "CHF" in one]
    assert words.startswith("3 cost lines told in CHF, for which there is no exchange rate")
    assert not [one for one in claims(engine, by="campaign", first=date(2024, 4, 1), last=date(2024, 4, 30)).warnings
                if "CHF" in one]  # fmt: skip
