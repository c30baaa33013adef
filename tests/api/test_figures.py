"""The API says what pages, files and `loopline report` say, to the cent, and shows nobody more than their pages."""

import csv
import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import urlencode
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest
from django.urls import reverse

from loopline.access.books import books_for
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.reporting.models import FrozenRun
from loopline.reports.answer import answered
from loopline.reports.catalogue import REPORTS
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.api.schemas import (
    BehindAnswer,
    ChangesAnswer,
    ReportAnswer,
    RunList,
    SqlAnswer,
    WeeklyAnswer,
)
from tests.api.asking import Program, program_of
from tests.api.two_units import DAYS, finance
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user, signed_in

pytestmark = pytest.mark.django_db


def as_command(key: str, user: User, store: DuckDBEngine, **words: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json.dumps(answered(key, words, store, books_for(user.actor))))
    return told


def test_every_report_is_that_of_its_page_its_file_and_its_command(
    units: tuple[BusinessUnit, BusinessUnit], store: DuckDBEngine
) -> None:
    user = finance(units[0])
    asker, browser = program_of(user), signed_in(user)
    seen = set()
    run = asker.told("reports/closed-loop", **DAYS)["run"]
    days = {name: run["options"][name] for name in ("from", "to", "as_of")}
    for key, report in REPORTS.items():
        told = asker.told(f"reports/{key}", **days)
        ReportAnswer.model_validate(told)
        run = told.pop("run")
        file: Any = browser.get(reverse("report_download", args=[key, "json"]), run["options"])
        assert told == file.json(), key
        assert told == as_command(key, user, store, **run["options"]), key
        page: Any = browser.get(
            reverse("closed_loop") if key == "closed-loop" else reverse("report", args=[key]), run["options"]
        )
        shown = json.loads(json.dumps(page.context["result"].to_json()))
        assert (shown["rows"], shown["totals"]) == (
            [{name: value for name, value in row.items() if name != "over_time"} for row in told["rows"]],
            told["totals"],
        ), key
        browser.post(f"{reverse('report_freeze', args=[key])}?{urlencode(run['options'])}")
        assert FrozenRun.objects.latest("frozen_at").digest == run["digest"], key
        assert "77777" not in json.dumps(told), "nothing of the other unit"
        assert "hush" not in json.dumps(told)
        seen |= {key for row in told["rows"] if any(row[metric.key] for metric in report.metrics if metric.key in row)}
    assert {"closed-loop", "buyers", "funnel", "pipeline-created", "paths"} <= seen, "there is something to compare"


def test_asking_again_with_the_options_of_a_run_gives_the_same_whatever_arrived_since(
    units: tuple[BusinessUnit, BusinessUnit], store: DuckDBEngine
) -> None:
    user = finance(units[0])
    asker = program_of(user)
    before = asker.told("reports/closed-loop", period="this_year", model="first_touch", by="channel", unit="north")
    signed_in(user).post(reverse("report_freeze", args=["buyers"]) + "?period=this_year")
    late, shelf = utc_now() - timedelta(minutes=1), Shelf(store)
    shelf.won("late", "", late, 55_55, unit_id=str(units[0].pk), learnt=utc_now())
    shelf.store()
    again = asker.told("reports/closed-loop", **before["run"]["options"])
    assert again == before
    now = asker.told("reports/closed-loop", period="this_year", model="first_touch", by="channel", unit="North")
    assert now["balance"]["revenue_minor"] == before["balance"]["revenue_minor"] + 55_55
    assert now["run"]["digest"] != before["run"]["digest"]
    changes = asker.told("reports/closed-loop/changes", since=before["as_of"], period="this_year")
    ChangesAnswer.model_validate(changes)
    assert changes["change"]["revenue_minor"] == 55_55
    assert sum(cause["change"]["revenue_minor"] for cause in changes["causes"]) == 55_55
    buyers = asker.told("reports/buyers/changes", since=before["as_of"], metric="closed_minor")
    assert ChangesAnswer.model_validate(buyers).change["closed_minor"] == 55_55
    assert asker.told(f"runs/{FrozenRun.objects.get().pk}/changes")["change"]["closed_minor"] == 55_55


def test_the_sql_of_a_report_is_that_of_its_page_and_of_the_own_unit(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    user = finance(units[0])
    options = program_of(user).told("reports/buyers")["run"]["options"]
    told = SqlAnswer.model_validate(program_of(user).told("reports/buyers/sql", **options))
    page: Any = signed_in(user).get(reverse("report_sql", args=["buyers"]), options)
    assert told.sql == page.content.decode()
    assert str(units[0].pk) in told.sql
    assert str(units[1].pk) not in told.sql


def test_files_are_those_of_the_page(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    user = finance(units[0])
    asker, browser = program_of(user), signed_in(user)
    options = asker.told("reports/closed-loop", by="channel")["run"]["options"]
    for form in ("csv", "parquet"):
        page: Any = browser.get(reverse("closed_loop_download", args=[form]), options)
        file: Any = asker.ask("reports/closed-loop", format=form, **options)
        assert (file.content, file.headers["Content-Disposition"]) == (
            page.content,
            page.headers["Content-Disposition"],
        )
    assert pq.read_table(BytesIO(file.content)).num_rows
    assert "text/csv" in asker.ask("reports/buyers", format="csv").headers["Content-Type"]
    assert list(csv.reader(StringIO(asker.ask("reports/buyers", format="csv").content.decode())))
    sheet: Any = asker.ask("reports/buyers", format="xlsx", as_of="2026-03-31T12:00:00Z")
    about = ZipFile(BytesIO(sheet.content)).read("docProps/core.xml").decode()
    assert about.count("2026-03-31T12:00:00Z</dcterms:") == 2, "made and changed when the books said so, not now"


def test_a_plus_that_was_sent_as_it_is_still_begins_the_zone_of_a_moment(refused_by: Program) -> None:
    for sent in ("2026-03-31T12:00:00.5 02:00", "2026-03-31T12:00:00.500000+02:00"):
        assert refused_by.told("reports/buyers", as_of=sent)["as_of"] == "2026-03-31T10:00:00.500000+00:00"
    assert refused_by.told("reports/buyers", as_of="2026-03-31 12:00")["as_of"] == "2026-03-31T12:00:00+00:00"
    assert refused_by.refusal("reports/buyers", as_of="12:00 02:00") == (422, "option_not_usable", "as_of")


def test_the_table_of_windows_is_that_of_its_file_and_its_command(
    units: tuple[BusinessUnit, BusinessUnit], store: DuckDBEngine
) -> None:
    user = finance(units[0])
    asker, browser = program_of(user), signed_in(user)
    for key in ("closed-loop", "pipeline-created"):
        told = asker.told(f"reports/{key}/windows", by="campaign", lookback="14", **DAYS)
        ReportAnswer.model_validate(told)
        run = told.pop("run")
        assert told == as_command(key, user, store, **run["options"], windows="yes"), key
        file: Any = browser.get(reverse("report_download", args=[key, "json"]), run["options"] | {"windows": "yes"})
        assert told == file.json(), key
        assert {told["totals"][name] for name in ("window_7", "window_14", "window_none")} == {1_001_50}
        assert "hush" not in json.dumps(told)
    csv_file: Any = asker.ask("reports/closed-loop/windows", format="csv", **DAYS)
    assert "No lookback window" in csv_file.content.decode() or "no window" in csv_file.content.decode()


def test_the_weekly_table_is_that_of_its_page_and_its_command(
    units: tuple[BusinessUnit, BusinessUnit], store: DuckDBEngine
) -> None:
    user = finance(units[0])
    asker, today = program_of(user), utc_now().date()
    days = {"from": (today - timedelta(days=60)).isoformat(), "to": today.isoformat()}
    told = asker.told("reports/weekly", **days)
    WeeklyAnswer.model_validate(told)
    assert told == as_command("weekly", user, store, **days)
    assert sum(line["revenue_minor"] for line in told["rows"]) == 1_001_50
    file: Any = signed_in(user).get(reverse("weekly_download", args=["csv"]), days)
    assert asker.ask("reports/weekly", format="csv", **days).content == file.content
    assert asker.refusal("reports/weekly", clock="cohort") == (422, "option_unknown", "clock")


@pytest.mark.parametrize(
    ("key", "options", "code", "field"),
    [
        ("buyers", {"model": "linear"}, "option_unknown", "model"),
        ("closed-loop", {"model": "no-such"}, "option_not_usable", "model"),
        ("closed-loop", {"clock": "x"}, "option_not_usable", "clock"),
        ("closed-loop", {"by": "weather"}, "option_not_usable", "by"),
        ("closed-loop", {"period": "x"}, "option_not_usable", "period"),
        ("closed-loop", {"period": "last_month", "from": "2026-01-01"}, "option_not_usable", "period"),
        ("closed-loop", {"from": "x"}, "option_not_usable", "from"),
        ("closed-loop", {"from": "2026-02-01", "to": "2026-01-01"}, "option_not_usable", "to"),
        ("closed-loop", {"as_of": "x"}, "option_not_usable", "as_of"),
        ("closed-loop", {"compare": "x"}, "option_not_usable", "compare"),
        ("closed-loop", {"unit": "South"}, "option_not_usable", "unit"),
        ("closed-loop", {"lookback": "0"}, "option_not_usable", "lookback"),
        ("closed-loop", {"half_life": "x"}, "option_not_usable", "half_life"),
        ("closed-loop", {"order": "9"}, "option_not_usable", "order"),
        ("closed-loop", {"kinds": "x"}, "option_not_usable", "kinds"),
        ("closed-loop", {"people": "x"}, "option_not_usable", "people"),
        ("closed-loop", {"humans": "x"}, "option_not_usable", "humans"),
        ("closed-loop", {"direct": "x"}, "option_not_usable", "direct"),
        ("closed-loop", {"conversion": "x"}, "option_not_usable", "conversion"),
        ("closed-loop", {"format": "pdf"}, "option_not_usable", "format"),
        ("closed-loop/behind", {}, "option_missing", "metric"),
        ("closed-loop/behind", {"metric": "x"}, "option_not_usable", "metric"),
        ("buyers/behind", {"metric": "x"}, "option_not_usable", "metric"),
        ("buyers/behind", {"metric": "closed", "limit": "0"}, "option_not_usable", "limit"),
        ("buyers/behind", {"metric": "closed", "limit": "101"}, "option_not_usable", "limit"),
        ("buyers/behind", {"metric": "closed", "cursor": "x"}, "cursor_unknown", "cursor"),
        ("buyers/behind", {"metric": "closed", "cursor": "WzEsMiwzXQ"}, "cursor_unknown", "cursor"),
        ("buyers/windows", {}, "option_not_usable", "windows"),
        ("closed-loop/windows", {"lookback": "0"}, "option_not_usable", "lookback"),
        ("closed-loop/windows", {"series": "yes"}, "option_unknown", "series"),
        ("closed-loop/unusual/x", {}, "option_not_usable", "kind"),
        ("closed-loop", {"model": "markov"}, "option_not_usable", "model"),
        ("weekly", {"model": "influenced"}, "option_not_usable", "model"),
        ("closed-loop/changes", {"since": "2020-01-01", "metric": "x"}, "option_not_usable", "metric"),
        ("cost-per-stage/behind", {"metric": "of_stage_before", "row": "x"}, "option_not_usable", "row"),
        ("forecast/behind", {"metric": "from_open_minor", "row": "x"}, "option_not_usable", "row"),
        ("coverage/behind", {"metric": "known", "row": "x"}, "option_not_usable", "row"),
        ("closed-loop/changes", {}, "option_missing", "since"),
        ("closed-loop/changes", {"since": "2099-01-01"}, "option_not_usable", "since"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_names_the_option(
    key: str, options: dict[str, str], code: str, field: str | None, refused_by: Program
) -> None:
    assert refused_by.refusal(f"reports/{key}", **options) == (422, code, field)


@pytest.fixture
def refused_by(store: DuckDBEngine) -> Program:
    return program_of(finance(make_unit("North")))


NESTED = urlsafe_b64encode(b"[" * 30_000).decode()
HOSTILE = [NESTED, "' OR 1=1 --<script>\u202e", "9" * 5_000, "²", "9999-12-31", "0001-01-01"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_options_do_no_harm(hostile: str, refused_by: Program) -> None:
    for name in ("from", "to", "as_of", "model", "unit", "lookback", "order", "kinds", "by"):
        assert refused_by.ask("reports/closed-loop", **{name: hostile}).status_code in {200, 422}, name
    for name in ("row", "cursor", "limit"):
        answer = refused_by.ask("reports/closed-loop/behind", metric="leads", **{name: hostile})
        assert answer.status_code in {200, 422}, name


def test_a_kept_answer_that_did_not_change_is_not_sent_again(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    asker = program_of(finance(units[0]))
    first = asker.ask("reports/buyers")
    etag = first.headers["ETag"]
    again = asker.ask("reports/buyers", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert asker.ask("reports/buyers", headers={"If-None-Match": etag}, by="size").status_code == 200


def test_figures_are_compared_with_the_period_before_where_the_books_reach_back(
    units: tuple[BusinessUnit, BusinessUnit],
) -> None:
    asker, today = program_of(finance(units[0])), utc_now().date()
    days = {"from": (today - timedelta(days=1)).isoformat(), "to": today.isoformat(), "compare": "before"}
    told = asker.told("reports/buyers", **days)
    ReportAnswer.model_validate(told)
    assert told["before"]["to"] == (today - timedelta(days=2)).isoformat()
    assert told["before"]["totals"]["closed_minor"] > 0
    assert asker.told("reports/buyers", period="last_year", compare="before")["before"] is None


def pages(asker: Program, path: str, **options: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    found = [asker.told(path, **options)]
    while found[-1]["next_cursor"]:
        found.append(asker.told(path, **options, cursor=found[-1]["next_cursor"]))
    return found


def test_every_kind_of_figure_that_opens_is_paged_and_adds_up_and_hides_the_other_unit(
    units: tuple[BusinessUnit, BusinessUnit],
) -> None:
    asker = program_of(make_user(Role.MARKETING, unit=units[0]))
    for key, report in (
        (key, REPORTS[key]) for key in ("closed-loop", "buyers", "coverage", "model-comparison", "forecast")
    ):
        of_the_loop = ["leads", "revenue_minor", "cost_minor", "sessions", "romi"]
        metrics = of_the_loop if key == "closed-loop" else sorted(report.opens)[:1]
        for metric in metrics:
            row = "agreed" if key == "coverage" else "~total"
            told = pages(asker, f"reports/{key}/behind", metric=metric, row=row, limit="3", **DAYS)
            for one in told:
                BehindAnswer.model_validate(one)
                assert one["as_of"] == told[0]["as_of"]
            records = [record for one in told for record in one["records"]]
            assert len({json.dumps(one) for one in records}) == len(records) == told[0]["count"], (key, metric)
            assert "hush" not in json.dumps(told)
    told = pages(asker, "reports/closed-loop/behind", metric="revenue_minor", limit="2", **DAYS)
    assert [len(one["records"]) for one in told] == [2, 2, 1]
    assert sum(record["adds"] for one in told for record in one["records"]) == told[0]["total"] == 1_001_50
    assert sum(touch["credit"] for one in told for record in one["records"] for touch in record["touches"]) == 1_001_50
    assert all(record["touch_count"] == len(record["touches"]) for one in told for record in one["records"])
    other = asker.refusal("reports/closed-loop/behind", metric="leads", cursor=told[0]["next_cursor"], **DAYS)
    assert other == (422, "cursor_unknown", "cursor")


def test_frozen_runs_are_listed_and_read_by_who_sees_all_their_units(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    user = finance(units[0])
    for key in ("buyers", "funnel", "buyers"):
        signed_in(user).post(reverse("report_freeze", args=[key]), {"note": "Board"})
    asker, stranger = program_of(user), program_of(finance(units[1]))
    listed = pages(asker, "runs", limit="2")
    RunList.model_validate(listed[0])
    runs = [run for one in listed for run in one["runs"]]
    assert [run["id"] for run in runs] == [str(run.pk) for run in FrozenRun.objects.order_by("-frozen_at")]
    assert len(asker.told("runs", report="buyers")["runs"]) == 2
    assert stranger.told("runs")["runs"] == []
    path = f"runs/{runs[0]['id']}"
    told = asker.told(path)
    ReportAnswer.model_validate(told)
    run = told.pop("run")
    assert told == FrozenRun.objects.get(pk=runs[0]["id"]).told
    assert (run["is_whole"], run["digest"], run["note"]) == (True, runs[0]["digest"], "Board")
    assert asker.told("reports/buyers", **run["options"] | {"as_of": run["as_of"]})["run"]["digest"] == run["digest"]
    assert stranger.refusal(path)[:2] == (404, "run_unknown")
    assert (
        asker.ask(path, format="csv").content
        == signed_in(user).get(reverse("frozen_run_download", args=[runs[0]["id"], "csv"])).content
    )
    series: Any = asker.ask(path, format="csv", series="yes")
    assert b"From,To" in series.content
    assert asker.refusal(path, series="perhaps") == (422, "option_not_usable", "series")
    assert asker.told(f"{path}/changes")["causes"] == [], "nothing arrived"
    assert asker.refusal(f"{path}/changes", against="x")[:2] == (422, "option_not_usable")
    assert stranger.refusal(f"{path}/changes")[:2] == (404, "run_unknown")
    assert asker.refusal("runs", cursor="WyJ4IiwgInkiXQ")[:2] == (422, "cursor_unknown")
