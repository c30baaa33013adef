"""Paths, and the content that buyers had read, on both engines, against a few sales worked out by hand."""

from datetime import date

import pytest

from loopline.reports.library import paths as library_paths
from loopline.reports.options import Options
from loopline.reports.result import ReportResult
from loopline.reports.run import open_figure, run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day, row_of

NORTH: dict[str, object] = {**MARCH, "unit_ids": frozenset({"north"})}


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    """Ines: Email, Email, Direct, then won; Ole: nine turns, then lost and, later, won; Kim came out of nowhere."""
    shelf = Shelf(reading_engine)
    for who in ("ines", "ole"):
        shelf.person(who, who)

    def touch(who: str, number: int, on: float, channel: str, path: str = "", **row: object) -> None:
        shelf.touch(f"{who}{number}", f"visitor:{who}", day(on), channel=channel, kind="page", url_path=path, **row)

    touch("ines", 1, 2, "Email", "/guide", utm_content="teaser")
    touch("ines", 2, 3, "Email", "/guide")
    touch("ines", 3, 6, "Direct", "/prices")
    touch("ines", 4, 21, "Direct", "/thanks")
    touch("ines", 5, 4, "Email", "/guide", bot_verdict="machine:crawler")
    for number in range(9):
        touch("ole", number, 1 + number, "Email" if number % 2 else "Direct", "/guide" if number == 0 else "/")
    shelf.won("a", "ines", day(20), 100_00)
    shelf.won("lost", "ole", day(12), 70_00, outcome="lost")
    shelf.won("b", "ole", day(20), 50_00, lead_id="lead-b")
    shelf.won("c", "", day(20), 30_00)
    shelf.won("south", "ines", day(20), 9_00, unit_id="south")
    return shelf.store()


def paths(engine: Engine, **options: object) -> ReportResult:
    return run_report("paths", Options(**{**NORTH, "by": "path", **options}), engine, BOOKS)  # type: ignore[arg-type]


def test_touchpoints_of_one_channel_that_follow_each_other_are_told_once(reading_engine: Engine, shelf: Shelf) -> None:
    result = paths(reading_engine)
    ines = row_of(result, "Email › Direct").values
    assert (ines["path_won"], ines["path_minor"], ines["path_touches"], ines["path_channels"]) == (1, 100_00, 3, 2)
    assert ines["path_hours"] == 18 * 24
    long = row_of(result, "Direct › Email › Direct › Email › Direct › Email › …").values
    assert (long["path_touches"], long["path_channels"]) == (9, 9)
    assert row_of(result, "").values["path_minor"] == 30_00
    assert result.check is not None
    assert (result.check.rows, result.check.records) == (3, 3)


def test_rows_are_the_last_channel_and_a_shorter_window_shortens_the_paths(
    reading_engine: Engine, shelf: Shelf
) -> None:
    """Of Ines only the visit two weeks before is left, of Ole those of the last twelve days."""
    result = paths(reading_engine, by="last", lookback_days=15)
    assert {row.key: row.values["path_won"] for row in result.rows} == {"Direct": 2, "": 1}
    assert row_of(result, "Direct").values["path_touches"] == 3


def content(engine: Engine, **options: object) -> ReportResult:
    return run_report("content", Options(**{**NORTH, "by": "page", **options}), engine, BOOKS)  # type: ignore[arg-type]


def test_what_was_read_before_the_decision_counts_for_each_of_them_once(reading_engine: Engine, shelf: Shelf) -> None:
    result = content(reading_engine)
    guide = row_of(result, "/guide").values
    assert (guide["content_decided"], guide["content_won"], guide["content_lost"]) == (3, 2, 1)
    assert (guide["content_win_rate"], guide["content_minor"]) == (66.6667, 150_00)
    assert guide["content_at_least"] == pytest.approx(20.77, abs=0.01), "Wilson's lower bound of 2 of 3"
    assert "/thanks" not in {row.key for row in result.rows}, "read after it was won"
    assert row_of(result, "").values["content_decided"] == 1, "whose people read nothing that is known"
    assert (result.totals.values["content_decided"], result.totals.values["content_minor"]) == (4, 180_00)
    assert result.check
    assert (result.check.holds, result.check.records) == (True, 4)
    assert row_of(result, "/guide").young_note, "three decisions are too few to tell"


def test_a_page_opens_into_the_opportunities_that_had_read_it(reading_engine: Engine, shelf: Shelf) -> None:
    asked = Options(**{**NORTH, "by": "page"})  # type: ignore[arg-type]
    opened = open_figure("content", "/guide", "content_won", asked, reading_engine, BOOKS)
    assert [one.record_id for one in opened.items] == ["a", "b"]


@pytest.mark.parametrize(("metric", "adds"), [("content_decided", [1] * 4), ("content_minor", [100_00, 50_00, 30_00])])
def test_the_total_opens_into_each_opportunity_once_however_much_was_read(
    reading_engine: Engine, shelf: Shelf, metric: str, adds: list[int]
) -> None:
    asked = Options(**{**NORTH, "by": "page"})  # type: ignore[arg-type]
    opened = open_figure("content", "~total", metric, asked, reading_engine, BOOKS)
    assert [one.adds for one in opened.items] == adds
    assert opened.total == content(reading_engine).totals.values[metric]


def test_ties_are_told_and_so_is_a_path_too_long_for_one_buyer(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(engine)
    shelf.person("ines", "ines")
    for name, at in (("b", 2), ("a", 2), ("c", 3)):
        shelf.touch(name, "visitor:ines", day(at), channel=f"Channel {name}")
    shelf.won("sale", "ines", day(20), 100_00)
    shelf.store()
    result = paths(engine)
    assert row_of(result, "Channel a › Channel b › Channel c").values["path_won"] == 1, "in the order of their ids"
    assert result.totals.values["path_longest"] == 3
    [told] = result.minds
    assert told.startswith("1 path has touchpoints of the very same moment.")
    opened = open_figure("paths", "~total", "path_tied", Options(**MARCH, by="path"), engine, BOOKS)  # type: ignore[arg-type]
    assert [one.record_id for one in opened.items] == ["sale"]
    monkeypatch.setattr(library_paths, "MANY", 2)
    assert (
        paths(engine, last=date(2024, 3, 30))
        .minds[0]
        .startswith("The longest path has 3 touchpoints. So many are rarely one")
    )
