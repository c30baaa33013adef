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
from loopline.reports.metric import METRICS, AddsUp
from loopline.reports.options import Options, Scope
from loopline.reports.over_time.slices import MOST, cut
from loopline.reports.over_time.sparks import Sparks
from loopline.reports.periods import DAY
from loopline.reports.report import result_of
from loopline.reports.result import ReportResult, Row
from loopline.reports.run import row_sparks, run_report, shows_over_time
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
    said = json.dumps({"self_reported": "event"})
    shelf.touch("f1", "person:ines", day(9), kind="form", touch_kind="form", is_entry=False, properties=said)
    shelf.touch("x1", "visitor:x1", day(16), consent=1)
    shelf.cost("all-of-march", "spring", 10_00, date(2024, 3, 1), date(2024, 3, 31))
    shelf.cost("into-april", "news", 61_07, date(2024, 3, 1), date(2024, 4, 30), category="tools")
    shelf.cost("no-rate", "news", None, date(2024, 3, 4), category="it")
    shelf.cost("only-planned", "other", 5_00, date(2024, 3, 4), cost_kind="planned")
    shelf.cost("unknown", "unknown", None, date(2024, 3, 4), date(2024, 3, 9))
    shelf.cost("back", "spring", -3_03, date(2024, 2, 20), date(2024, 3, 20), category="it")
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


WEEKS = {"first": date(2024, 3, 4), "last": date(2024, 3, 10)}


@pytest.mark.parametrize(
    ("reading_engine", "days"),
    [
        pytest.param("duckdb", MARCH, id="duckdb-month"),
        pytest.param("duckdb", WEEKS, id="duckdb-one slice"),
        pytest.param("clickhouse", MARCH, id="clickhouse-month"),
        pytest.param("clickhouse", WEEKS, id="clickhouse-one slice"),
    ],
    indirect=["reading_engine"],
)
def test_the_points_of_each_report_add_up_to_its_figure(
    reading_engine: Engine, shelf: Shelf, days: dict[str, date]
) -> None:
    """Of a share each point is one; where the figure is not known its points are not either."""
    seen = set()
    for report in (one for one in REPORTS.values() if shows_over_time(one)):
        for by in [*(report.by or {"": ""})][:2]:
            options = Options(**days, by=by)  # type: ignore[arg-type]
            told = run_report(report.key, options, reading_engine, BOOKS)
            found = row_sparks(told, options, reading_engine, BOOKS)
            if found is None:
                assert by in {"month", "week"} or told.is_empty, report.key
                continue
            figures = {row.key: row.values[found.metric.key] for row in told.rows}
            points = {key: found.of(key) for key in figures}
            assert {len(one) for one in points.values() if one} <= {len(found.periods)}
            if found.metric.adds_up is AddsUp.RATIO:
                assert all(one is None or 0 <= one <= 100 for each in points.values() for one in each or ())
            else:
                assert {key: None if one is None else sum(one) for key, one in points.items()} == figures, (
                    report.key,
                    by,
                )
            seen |= {report.key} if any(figures.values()) else set()
    wanted = {"plan-and-actual", "it-costs", "coverage", "model-comparison", "self-reported", "closed-loop", "buyers"}
    assert days is WEEKS or wanted <= seen


def test_cost_falls_into_the_weeks_of_its_days_and_what_is_not_known_shows_nothing(
    reading_engine: Engine, shelf: Shelf
) -> None:
    """10.00 over 31 days are 33 cents on the first eight days and 32 on the others."""
    options = Options(**MARCH, by="category")  # type: ignore[arg-type]
    told = run_report("plan-and-actual", options, reading_engine, BOOKS)
    found = row_sparks(told, options, reading_engine, BOOKS)
    assert found
    assert found.of("media") == (99, 2_29, 2_24, 2_24, 2_24)
    by_campaign = Options(**MARCH, by="campaign")  # type: ignore[arg-type]
    told = run_report("plan-and-actual", by_campaign, reading_engine, BOOKS)
    found = row_sparks(told, by_campaign, reading_engine, BOOKS)
    assert found
    assert (found.of("unknown"), found.of("other")) == (None, None)


def test_coverage_over_time_is_the_share_of_each_week_and_nothing_where_there_was_nothing(
    reading_engine: Engine, shelf: Shelf
) -> None:
    told = run_report("coverage", Options(**MARCH), reading_engine, BOOKS)  # type: ignore[arg-type]
    found = row_sparks(told, Options(**MARCH), reading_engine, BOOKS)  # type: ignore[arg-type]
    assert found
    assert found.of("consent") == (100, 100, 0, None, None), "two sessions each, then one that may not be recognised"
    assert found.of("origin") == (None, None, None, round(100 * 100_01 / 150_01, 4), 100)
    drawn = sparks_drawn(found, told)
    assert "Coverage by week since 1 Mar 2024: most from 1 Mar 2024 with 100\u00a0%, 0\u00a0% from" in drawn["consent"]


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
    assert "with €1,000, " in page  # of the week that five minutes ago was
    assert "77,777" not in page
    head, *rows = re.findall(r"<tr.*?</tr>", page[page.index('id="rows"') : page.index("</tfoot>")], re.DOTALL)
    assert {len(re.findall("<t[hd]", row)) for row in rows} == {len(re.findall("<t[hd] ", head))}
    told = json.loads(client.get(reverse("closed_loop_download", args=["json"])).content)
    [row] = told["rows"]
    assert sum(row["over_time"]) == row["revenue_minor"] == 1_000_00
    assert len(told["over_time"]["periods"]) == len(row["over_time"]) <= MOST
    assert "over_time" not in client.get(reverse("closed_loop_download", args=["csv"])).content.decode()
