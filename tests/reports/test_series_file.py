"""The series behind the small charts, in files: the same points everywhere, adding up to the figures of the report."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.urls import reverse

from loopline.access.roles import Role
from loopline.cli.commands import report as command
from loopline.cli.main import main
from loopline.reports.catalogue import REPORTS
from loopline.reports.dimension import OTHERS
from loopline.reports.files.export import exported
from loopline.reports.library import buyers
from loopline.reports.options import OptionError, Options
from loopline.reports.run import run_report, shows_over_time, told_whole
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day
from tests.engines import empty_duckdb
from tests.make import signed_in_as
from tests.reports.sheets import sheet
from tests.reports.two_units import north_that_sold

HOSTILE = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\ttab", "line\nbreak", "\x07bell", "x" * 40_000)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine is enough here: that both give the same points is held by `test_sparks.py`."""
    engine = empty_duckdb(tmp_path_factory.mktemp("series") / "events.duckdb")
    shelf = Shelf(engine)
    for number, name in enumerate(HOSTILE):
        shelf.fact("company_facts", f"c{number}", unit_id="north", name=name, industry=name)
        shelf.won(f"o{number}", "", day(2 + 3 * number), 100_01 + number, company_id=f"c{number}")
    shelf.won("refunded", "", day(20), 50_00, company_id="c0", refunded_minor=80_00, reporting_minor=-30_07)
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), channel="Email")
    shelf.lead("l1", "ines", day(3), qualified_at=day(4), handed_over_at=day(5), owner_id="u1")
    shelf.won("by-email", "ines", day(9), 70_03, lead_id="l1")
    shelf.touch("p1", "visitor:v1", day(2), kind="page", url_path="/pricing", touch_kind="", is_entry=False)
    shelf.campaign("spring")
    shelf.cost("c1", "spring", 100_01, date(2024, 3, 4), date(2024, 4, 4), category="it")
    shelf.cost("c2", "", -7_03, date(2024, 3, 20))
    shelf.store()
    yield engine
    engine.close()


def told(key: str, engine: Engine, **options: Any) -> dict[str, Any]:
    asked = Options(**{**MARCH, "by": REPORTS[key].usual_by, **options})
    return told_whole(run_report(key, asked, engine, BOOKS), asked, engine, BOOKS)


def sums(lines: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = defaultdict(int)
    for key, value in lines:
        found[key] += value
    return found


@pytest.mark.parametrize("key", [key for key, one in REPORTS.items() if shows_over_time(one) and key != "coverage"])
def test_every_file_holds_the_same_points_and_they_add_up(key: str, books: Engine) -> None:
    by = "person" if key in ("funnel", "hand-off") else REPORTS[key].usual_by
    answer = told(key, books, by=by)
    if "over_time" not in answer:
        assert not answer["rows"]
        return
    metric, scale = answer["over_time"]["metric"], 100 if "minor" in answer["over_time"]["unit"] else 1
    figures = {row["key"]: row[metric] for row in answer["rows"]}
    head, *lines = list(csv.reader(StringIO(exported(answer, "csv", is_series=True).decode(), newline="")))
    assert head[3:5] == ["From", "To"]
    assert sums([(one[2].removeprefix("'"), Decimal(one[5]) * scale) for one in lines]) == {
        name.removeprefix("'"): figure for name, figure in figures.items()
    }
    table = pq.read_table(BytesIO(exported(answer, "parquet", is_series=True))).to_pylist()
    assert sums([(one["key"], one[metric]) for one in table]) == figures
    assert {one["from"] for one in table} == {date.fromisoformat(one["from"]) for one in answer["over_time"]["periods"]}
    _, *body = sheet(exported(answer, "xlsx"), 2)
    cells = [[round(float(value or 0) * scale) for value in line[2:]] for line in body]
    assert [line[:-1] for line in cells[: len(figures)]] == [row["over_time"] for row in answer["rows"]]
    assert [line[-1] for line in cells[: len(figures)]] == list(figures.values())
    adds_up = answer["has_total"] and sum(figures.values()) == answer["totals"][metric]
    assert adds_up or key in ("content", "cost-per-stage")
    assert len(cells) == len(figures) + adds_up
    if adds_up:
        assert cells[-1][-1] == answer["totals"][metric] == sum(cells[-1][:-1])


def test_shares_leave_as_shares_and_are_never_added_up(books: Engine) -> None:
    answer = told("coverage", books, by="")
    assert answer["over_time"]["unit"] == "percent"
    rows = {row["key"]: row["over_time"] for row in answer["rows"]}
    table = pq.read_table(BytesIO(exported(answer, "parquet", is_series=True))).to_pylist()
    assert {(one["key"], one["known_rate"]) for one in table} == {(key, one) for key in rows for one in rows[key]}
    assert {None, 100.0} <= {one["known_rate"] for one in table}
    _, *body = sheet(exported(answer, "xlsx"), 2)
    assert len(body) == len(rows), "no total"
    lines = list(csv.reader(StringIO(exported(answer, "csv", is_series=True).decode())))
    assert {line[5] for line in lines[1:]} >= {"", "100.0"}


def test_what_people_typed_runs_nowhere_and_money_is_exact(books: Engine) -> None:
    answer = told("buyers", books, by="industry")
    _, *lines = csv.reader(StringIO(exported(answer, "csv", is_series=True).decode(), newline=""))
    names = {line[0] for line in lines}
    assert {"'=1+1", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(A1)", "'\ttab", "line\nbreak"} <= names
    assert {line[5] for line in lines if line[0] == "'=1+1"} == {"0.00", "100.01", "-30.07"}
    shown = {str(line[0]) for line in sheet(exported(answer, "xlsx"), 2)}
    assert {"=1+1", "-2+3", "@SUM(A1)"} <= shown, "a workbook shows a text as it is, and never runs it"
    assert max(len(name) for name in shown) == 32_767, "as long as a cell can hold"


def test_the_row_for_all_others_has_their_points(monkeypatch: pytest.MonkeyPatch, books: Engine) -> None:
    few = replace(buyers.COUNTING, most=3)
    monkeypatch.setitem(REPORTS, "buyers", replace(buyers.REPORT, run=few.run, sparks=few.sparks))
    answer = told("buyers", books, by="company", as_of=day(100))
    assert [row["key"] for row in answer["rows"]][-1] == OTHERS
    assert sum(answer["rows"][-1]["over_time"]) == answer["rows"][-1]["closed_minor"] > 0


def test_a_report_without_series_says_so(books: Engine) -> None:
    answer = told("cohort-maturity", books, by="")
    with pytest.raises(OptionError, match="nothing over time"):
        exported(answer, "csv", is_series=True)
    assert [line[0] for line in sheet(exported(answer, "xlsx"), 2)][:1] == ["Report"], "there is no sheet for it"


def test_the_command_prints_and_writes_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, books: Engine,
) -> None:  # fmt: skip
    answer = told("pipeline-created", books, by="channel")
    monkeypatch.setattr(command, "_ask", lambda _config, _given: answer)
    assert main(["report", "pipeline-created", "--series", "--format", "csv"]) == 0
    assert "Email,,Email,2024-03-04,2024-03-10,70.03" in capsys.readouterr().out
    assert main(["report", "pipeline-created", "--series"]) == 0
    assert "70.03" in capsys.readouterr().out
    file = tmp_path / "series.parquet"
    assert main(["report", "pipeline-created", "--series", "--format", "parquet", "--output", str(file)]) == 0
    assert sum(pq.read_table(file).column("opened_minor").to_pylist()) == answer["totals"]["opened_minor"]
    assert main(["report", "weekly", "--series"]) == 2
    monkeypatch.setattr(command, "_ask", lambda _config, _given: told("cohort-maturity", books, by=""))
    assert main(["report", "cohort-maturity", "--series"]) == 2


@pytest.mark.django_db
def test_the_page_hands_them_out_to_who_may_see_the_unit(store: DuckDBEngine) -> None:
    client = signed_in_as(Role.FINANCE, north_that_sold(1_000_10, store))
    page = client.get(reverse("report", args=["buyers"])).content.decode()
    assert "series=yes" in page
    file = client.get(reverse("report_download", args=["buyers", "csv"]), {"series": "yes"})
    assert "over-time.csv" in file.headers["Content-Disposition"]
    assert "1000.10" in file.content.decode()
    assert "77777" not in file.content.decode()
    for report, said in (("buyers", "perhaps"), ("forecast", "yes")):
        answer = client.get(reverse("report_download", args=[report, "csv"]), {"series": said})
        assert (answer.status_code, b"series" in answer.content) == (400, True), report
