"""What is behind a figure of a row that there is not: refused, never a 0. A row that there is may have nothing."""

from dataclasses import replace
from datetime import date

import pytest

from loopline.reports.behind import behind
from loopline.reports.catalogue import REPORTS
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.options import OptionError, Options
from loopline.reports.run import open_figure
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day

FIXED = {
    "forecast": ("from_open_minor", "from_leads_minor", "to_come_minor", "expected_low_minor", "expected_high_minor"),
    "coverage": ("known", "known_of"),
    "cost-per-stage": ("of_stage_before",),
}
"""Reports whose rows are months, stages or kinds of records, whatever the books hold."""


def opened(key: str, row: str, metric: str, engine: Engine) -> object:
    return open_figure(key, row, metric, Options(by=REPORTS[key].usual_by), engine, BOOKS).total


@pytest.mark.parametrize(("key", "metric"), [(key, metric) for key, metrics in FIXED.items() for metric in metrics])
def test_a_row_that_no_books_could_have_is_refused_also_while_they_are_empty(
    key: str, metric: str, reading_engine: Engine
) -> None:
    with pytest.raises(OptionError) as refused:
        opened(key, "x", metric, reading_engine)
    assert refused.value.field == "row"


EVERY = [
    (key, min(one.key for one in report.metrics if report.may_open(one.key)), by)
    for key, report in REPORTS.items()
    if key not in FIXED and key != "closed-loop"
    for by in report.by or [""]
]
"""Every report whose rows hang on the books, by everything that its rows can be."""


@pytest.mark.parametrize(("key", "metric", "by"), EVERY)
def test_a_row_that_neither_the_books_nor_any_name_knows_is_refused(
    key: str, metric: str, by: str, reading_engine: Engine
) -> None:
    with pytest.raises(OptionError, match="zzz") as refused:
        open_figure(key, "zzz", metric, Options(by=by), reading_engine, BOOKS)
    assert refused.value.field == "row"


@pytest.mark.parametrize("metric", ["revenue_minor", "leads", "people", "cost_minor", "romi"])
@pytest.mark.parametrize("by", DIMENSIONS)
def test_the_closed_loop_knows_its_rows(metric: str, by: str, reading_engine: Engine) -> None:
    with pytest.raises(OptionError, match="zzz") as refused:
        behind("zzz", metric, Options(by=by), reading_engine, BOOKS)
    assert refused.value.field == "row"
    assert not behind("~unattributed", metric, Options(by=by), reading_engine, BOOKS).total


def test_a_row_of_other_days_or_a_record_of_which_nothing_is_counted_has_nothing(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.campaign("spring", "spring")
    shelf.person("ines", "v1")
    shelf.touch("t1", "visitor:v1", day(2), channel="Paid Search")
    shelf.won("o1", "ines", day(9), 100_00)
    shelf.store()
    april = {"first": date(2024, 4, 1), "last": date(2024, 4, 30)}
    for row, by in (("spring", "campaign"), ("Paid Search", "channel"), ("north", "business_unit"), ("NO", "country")):
        assert behind(row, "revenue_minor", Options(**april, by=by), engine, BOOKS).total == 0, row
        assert behind(row, "cost_minor", Options(**april, by=by), engine, BOOKS).total is None, row
    for row, by in (("spring", "campaign"), ("Paid Search", "channel")):
        for key, metric in (("pipeline-created", "opened"), ("model-comparison", "by_linear")):
            assert open_figure(key, row, metric, Options(**april, by=by), engine, BOOKS).total == 0, (key, row)
        assert (
            open_figure("pipeline-created", row, "opened_won_rate", Options(**april, by=by), engine, BOOKS).count == 0
        )
    with pytest.raises(OptionError, match="zzz"):
        open_figure("pipeline-created", "zzz", "opened_won_rate", Options(**april, by="channel"), engine, BOOKS)


def test_whether_there_is_a_company_is_not_told_to_who_may_not_see_it(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.fact("company_facts", "hush", unit_id="south", name="Hush")
    shelf.campaign("secret", unit="south")
    shelf.store()
    north = replace(BOOKS, units={"north": "North"}, sees_all_units=False)
    for key, metric, row, by in (
        ("buyers", "decided_lost", "hush", "company"), ("pipeline-created", "opened", "secret", "campaign"),
    ):  # fmt: skip
        assert open_figure(key, row, metric, Options(by=by), engine, BOOKS).total == 0
        with pytest.raises(OptionError, match=row):
            open_figure(key, row, metric, Options(by=by), engine, north)


def test_a_row_that_is_not_listed_is_one_all_the_same(engine: Engine) -> None:
    shelf = Shelf(engine)
    for number in range(105):
        shelf.lead(f"lead-{number}", "", day(2))
        shelf.won(f"o-{number}", "", day(3), 1_00, company_id=f"company-{number:03}", created_at=day(2))
    shelf.store()
    asked = Options(**MARCH, by="company")
    assert open_figure("buyers", "company-104", "decided_lost", asked, engine, BOOKS).total == 0
    with pytest.raises(OptionError, match="company-105"):
        open_figure("buyers", "company-105", "decided_lost", asked, engine, BOOKS)


def test_the_total_of_empty_books_is_not_known_and_their_rest_rows_have_nothing(reading_engine: Engine) -> None:
    assert opened("forecast", "~total", "to_come_minor", reading_engine) is None
    assert opened("pipeline-created", "", "opened", reading_engine) == 0
