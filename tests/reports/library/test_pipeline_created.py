"""What marketing opened and what became of it, on both engines, against three opportunities worked out by hand."""

import pytest

from loopline.reports.options import OptionError, Options
from loopline.reports.result import ReportResult
from loopline.reports.run import open_figure, run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, column, day, row_of


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    """Ines came through spring and a partner before both of her sales; nobody knows where the third came from."""
    shelf = Shelf(reading_engine)
    shelf.campaign("spring", "spring")
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), utm_campaign="spring", channel="Email", utm_source="letter")
    shelf.touch("e2", "visitor:v1", day(3), channel="Partner", utm_source="nordwind", utm_campaign="nord")
    shelf.won("won", "ines", day(20), 100_01)
    shelf.won("open", "ines", day(21), 50_00, outcome="open", closed_at=None)
    shelf.won("lost", "", day(22), 70_00, outcome="lost")
    shelf.won("no-amount", "", day(22), None, outcome="open", closed_at=None)
    shelf.won("april", "ines", day(40), 900_00)
    return shelf.store()


def created(engine: Engine, **options: object) -> ReportResult:
    asked = Options(**{**MARCH, "by": "campaign", "unit_ids": frozenset({"north"}), **options})  # type: ignore[arg-type]
    return run_report("pipeline-created", asked, engine, BOOKS)


def test_amounts_are_shared_by_the_model_and_told_by_outcome(reading_engine: Engine, shelf: Shelf) -> None:
    result = created(reading_engine)
    assert row_of(result, "spring").values == {
        "opened": 1, "opened_minor": 75_01, "still_open_minor": 25_00, "opened_won_minor": 50_01,
        "opened_lost_minor": 0, "opened_won_rate": 66.6711,
    }  # fmt: skip
    assert column(result, "opened_minor") == {"spring": 75_01, "~unmapped": 75_00, "~unattributed": 70_00}
    assert row_of(result, "~unattributed").values["opened_lost_minor"] == 70_00
    assert any("1 new opportunity has no" in warning for warning in result.minds)


def test_rows_add_up_to_what_was_opened(reading_engine: Engine, shelf: Shelf) -> None:
    check = created(reading_engine).check
    assert check is not None
    assert (check.rows, check.records) == (220_01, 220_01)


def test_rows_are_partners_by_their_source(reading_engine: Engine, shelf: Shelf) -> None:
    assert column(created(reading_engine, by="partner"), "opened_minor") == {
        "nordwind": 75_00, "": 75_01, "~unattributed": 70_00,
    }  # fmt: skip


def test_a_share_opens_into_its_opportunities_with_their_credit(reading_engine: Engine, shelf: Shelf) -> None:
    asked = Options(**MARCH, by="campaign", unit_ids=frozenset({"north"}))
    opened = open_figure("pipeline-created", "spring", "opened_minor", asked, reading_engine, BOOKS)
    assert [(one.kind, one.record_id, one.adds) for one in opened.items] == [
        ("opportunity", "won", 50_01), ("opportunity", "open", 25_00),
    ]  # fmt: skip


def test_a_model_whose_rows_overlap_is_refused(reading_engine: Engine, shelf: Shelf) -> None:
    with pytest.raises(OptionError, match="add up to nothing"):
        created(reading_engine, model="influenced")
