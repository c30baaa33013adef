"""Revenue of each row over time: its points add up to its figure, on both engines and clocks."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from django.urls import reverse

from loopline.access.roles import Role
from loopline.reports.catalogue import REPORTS
from loopline.reports.metric import METRICS
from loopline.reports.options import Options, Scope
from loopline.reports.periods import DAY
from loopline.reports.report import result_of
from loopline.reports.result import ReportResult, Row
from loopline.reports.run import row_sparks, run_report
from loopline.reports.slices import MOST, cut
from loopline.reports.sparks import Sparks
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine
from loopline.web.spark_chart import sparks_drawn
from tests.attribution.shelf import BOOKS, MARCH, Shelf, closed_loop, day
from tests.make import signed_in_as
from tests.reports.two_units import north_that_sold


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    shelf = Shelf(reading_engine)
    shelf.campaign("spring", "spring")
    shelf.campaign("news", "news")
    for person, visitor in (("ines", "v1"), ("ben", "v2")):
        shelf.person(person, visitor)
        shelf.touch(f"a-{visitor}", f"visitor:{visitor}", day(2), utm_campaign="spring", channel="Paid Search")
        shelf.touch(f"b-{visitor}", f"visitor:{visitor}", day(9), utm_campaign="news", channel="Email")
    shelf.touch("c-v2", "visitor:v2", day(6), utm_campaign="hidden", unit_id="south")
    shelf.won("o1", "ines", day(20), 100_01)
    shelf.won("o2", "ben", day(27), 60_00)
    shelf.won("o3", "", day(21), 50_00)
    for number, person in enumerate(("ines", "ben"), start=1):
        handed = {"qualified_at": day(11), "handed_over_at": day(12 + number), "owner_id": "u1"}
        shelf.lead(f"l{number}", person, day(10 + number), **handed)
    return shelf.store()


def asked(engine: Engine, **options: object) -> Sparks:
    found = run_report("closed-loop", Options(**MARCH, **options), engine, BOOKS).over_time  # type: ignore[arg-type]
    assert found
    return found


@pytest.mark.parametrize("options", [{}, {"clock": "cohort"}, {"by": "channel", "model": "influenced"}])
def test_the_points_of_each_row_add_up_to_its_revenue(
    reading_engine: Engine, shelf: Shelf, options: dict[str, str]
) -> None:
    options = {"by": "campaign"} | options
    found = asked(reading_engine, **options)
    told = closed_loop(reading_engine, books=BOOKS, **options)
    rows = {row.key: row.values["revenue_minor"] for row in told.rows}
    assert {key: sum(found.of(key)) for key in rows} == rows
    assert found.by_row.keys() <= rows.keys()


def test_a_point_is_a_week_of_closing_or_of_the_touchpoint_in_a_cohort(reading_engine: Engine, shelf: Shelf) -> None:
    """Weeks of March 2024 begin on February 26; the 20th and 21st lie in the fourth, the 27th in the fifth."""
    by_closing = asked(reading_engine, by="campaign", model="first_touch")
    assert by_closing.step == "week"
    assert by_closing.of("spring") == (0, 0, 0, 100_01, 60_00)
    assert by_closing.of("~unattributed") == (0, 0, 0, 50_00, 0)
    assert asked(reading_engine, by="campaign", model="first_touch", clock="cohort").of("spring") == (
        160_01,
        0,
        0,
        0,
        0,
    )


def test_the_points_of_each_report_add_up_to_its_figure(reading_engine: Engine, shelf: Shelf) -> None:
    seen = 0
    for report in (one for one in REPORTS.values() if one.sparks):
        for by in [*(report.by or {"": ""})][:2]:
            options = Options(**MARCH, by=by)
            told = run_report(report.key, options, reading_engine, BOOKS)
            found = row_sparks(told, options, reading_engine, BOOKS)
            if found is None:
                assert by in {"month", "week"} or told.is_empty, report.key
                continue
            figures = {row.key: row.values[found.metric.key] for row in told.rows}
            assert {key: sum(found.of(key)) for key in figures} == figures, (report.key, by)
            seen += any(figures.values())
    assert seen > 8


def test_a_period_of_any_length_has_26_points_at_most_and_loses_no_day() -> None:
    first = date(2021, 5, 19)
    for days in (1, 7, 31, 175, 182, 183, 400, 800, 2_000, 9_000, 30_000):
        last = first + days * DAY - DAY
        _, periods = cut(first, last)
        assert len(periods) <= MOST, days
        assert (periods[0].first, periods[-1].last) == (first, last)
        assert all(one.last + DAY == two.first for one, two in pairwise(periods))


def answer(*rows: str) -> ReportResult:
    scope = Scope(Options(), BOOKS, date(2024, 3, 1), date(2024, 3, 31), datetime(2024, 4, 1, tzinfo=UTC))
    return result_of(
        REPORTS["buyers"],
        replace(scope, options=Options(by="industry")),
        "",
        [Row(key, key) for key in rows],
        Row("", ""),
    )


def test_its_label_says_in_words_what_it_shows() -> None:
    _, periods = cut(date(2024, 3, 1), date(2024, 3, 31))
    found = Sparks("week", tuple(periods), {"a": (0, 5_00, 0, -1_00, 2_00)})
    drawn = sparks_drawn(found, answer("a", "none"))
    assert "Revenue by week since 1 Mar 2024: most from 4 Mar 2024 with €5, €2 from 25 Mar 2024" in drawn["a"]
    assert "style" not in drawn["a"]
    assert drawn["none"] == ""
    counted = Sparks("week", tuple(periods), {"a": (0, 5, 0, 0, 2)}, METRICS["leads"])
    assert (
        "Leads by week since 1 Mar 2024: most from 4 Mar 2024 with 5, 2 from 25 Mar 2024"
        in sparks_drawn(counted, answer("a"))["a"]
    )


@pytest.mark.django_db
def test_the_page_and_json_show_it_to_who_may_see_the_unit_and_csv_does_not(store: DuckDBEngine) -> None:
    client = signed_in_as(Role.FINANCE, north_that_sold(1_000_00, store))
    page = client.get(reverse("closed_loop")).content.decode()
    assert 'class="spark"' in page
    assert "€1,000 from" in page
    assert "77,777" not in page
    head, *rows = re.findall(r"<tr.*?</tr>", page[page.index('id="rows"') : page.index("</tfoot>")], re.DOTALL)
    assert {len(re.findall("<t[hd]", row)) for row in rows} == {len(re.findall("<t[hd] ", head))}
    told = json.loads(client.get(reverse("closed_loop_download", args=["json"])).content)
    [row] = told["rows"]
    assert sum(row["over_time"]) == row["revenue_minor"] == 1_000_00
    assert len(told["over_time"]["periods"]) == len(row["over_time"]) <= MOST
    assert "over_time" not in client.get(reverse("closed_loop_download", args=["csv"])).content.decode()
