"""How much the lookback window matters: each column adds up to the records, opens, and leaves the page."""

import csv
import html
import re
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.cli.commands import report as command
from loopline.cli.main import main
from loopline.lib.times import utc_now
from loopline.reports import run
from loopline.reports.at_window import AtWindow
from loopline.reports.catalogue import REPORTS
from loopline.reports.metric import METRICS
from loopline.reports.naming import Name
from loopline.reports.options import OptionError, Options, Scope
from loopline.reports.run import open_figure, run_by_window, run_report, settle
from loopline.reports.windows import ByWindow, by_window
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day
from tests.make import make_unit, make_user, signed_in_as

HOSTILE = "<script>alert(1)</script>"
TOLD = [key for key, one in REPORTS.items() if one.at_window]


@pytest.fixture(scope="module")
def shelf(reading_engine: Engine) -> Shelf:
    """A fair forty days before, a mail two days before; one sale nobody knows anything about."""
    shelf = Shelf(reading_engine)
    shelf.campaign("fair", "fair")
    shelf.campaign("mail", "mail")
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(-30), utm_campaign="fair", channel="Event", landing_path="/fair")
    shelf.touch("e2", "visitor:v1", day(10), utm_campaign="mail", channel="Email", landing_path="/mail")
    shelf.touch("p1", "visitor:v1", day(-30), kind="page", url_path="/fair", touch_kind="", is_entry=False)
    shelf.touch("p2", "visitor:v1", day(10), kind="page", url_path="/mail", touch_kind="", is_entry=False)
    shelf.lead("l1", "ines", day(11))
    shelf.won("o1", "ines", day(14), 100_01, lead_id="l1")
    shelf.won("o2", "", day(20), 50_00)
    return shelf.store()


def asked(key: str, engine: Engine, **options: object) -> ByWindow:
    by = options.pop("by", REPORTS[key].usual_by)
    return run_by_window(key, Options(**{**MARCH, "by": by, **options}), engine, BOOKS)  # type: ignore[arg-type]


def figures(found: ByWindow) -> dict[str, list[object]]:
    return {row.key: [row.values[one.key] for _, one in found.columns] for row in found.result.rows}


def test_pipeline_moves_from_what_came_late_to_what_came_early(reading_engine: Engine, shelf: Shelf) -> None:
    found = asked("pipeline-created", reading_engine)
    assert [window for window, _ in found.columns] == ["7", "30", "90", "none"]
    assert figures(found) == {
        "mail": [100_01, 100_01, 50_00, 50_00],
        "fair": [0, 0, 50_01, 50_01],
        "~unattributed": [50_00, 50_00, 50_00, 50_00],
    }
    assert found.result.totals.values == dict.fromkeys((one.key for _, one in found.columns), 150_01) | {
        "windows_apart": None
    }
    assert found.result.check
    assert (found.result.check.records, found.result.check.rows, found.result.check.holds) == (150_01, 150_01, True)
    assert found.result.warnings == [
        "Mail: 67\u00a0% of the total with 7 days, 33\u00a0% with no window. Others came before it: a long window "
        "shares with them.",
        "Fair: 0\u00a0% of the total with 7 days, 33\u00a0% with no window. It comes early: a short window hides it.",
    ]


@pytest.mark.parametrize("key", TOLD)
def test_each_column_is_the_report_with_that_window_and_adds_up(key: str, reading_engine: Engine, shelf: Shelf) -> None:
    found = asked(key, reading_engine, lookback_days=45)
    assert found.result.check
    assert found.result.check.holds
    assert found.result.check.records
    for window, column in found.columns:
        days = None if window == "none" else int(window)
        options = Options(**MARCH, by=REPORTS[key].usual_by, lookback_days=days)  # type: ignore[arg-type]
        told = run_report(key, options, reading_engine, BOOKS)
        own = {row.key: row.values[found.metric.key] for row in told.rows}
        assert {row.key: row.values[column.key] for row in found.result.rows if row.values[column.key]} == {
            row: value for row, value in own.items() if value
        }, window
        assert found.result.totals.values[column.key] == told.totals.values[found.metric.key]
    assert "45" in dict(found.columns)


def test_a_figure_opens_into_the_records_of_its_window(reading_engine: Engine, shelf: Shelf) -> None:
    options = Options(**MARCH, lookback_days=7)  # type: ignore[arg-type]
    opened = open_figure("pipeline-created", "mail", "opened_minor", options, reading_engine, BOOKS)
    assert [(one.record_id, one.adds) for one in opened.items] == [("o1", 100_01)]


def test_models_whose_rows_overlap_have_no_total_or_are_refused(reading_engine: Engine, shelf: Shelf) -> None:
    loop = asked("closed-loop", reading_engine, model="influenced").result
    assert (loop.has_total, loop.check) == (False, None)
    with pytest.raises(OptionError, match="add up to nothing"):
        asked("pipeline-created", reading_engine, model="influenced")


def test_on_the_cohort_clock_nothing_is_said_to_add_up(reading_engine: Engine, shelf: Shelf) -> None:
    assert asked("closed-loop", reading_engine, clock="cohort").result.check is None


def test_without_any_data_there_are_no_rows(engine: Engine) -> None:
    assert asked("pipeline-created", engine).result.rows == []


def test_a_report_that_no_window_changes_says_which_ones_do(reading_engine: Engine) -> None:
    with pytest.raises(OptionError, match=r"not told by lookback window.*pipeline-created"):
        asked("buyers", reading_engine)


def test_a_window_with_too_little_to_learn_from_says_so_and_the_others_stand(engine: Engine) -> None:
    """Forty sales a week and more after what led to them: within seven days nobody has a path."""
    shelf = Shelf(engine)
    for number in range(40):
        person, at = f"p{number}", day(1 + number % 5)
        shelf.person(person, f"v{number}")
        shelf.touch(f"t{number}", f"visitor:v{number}", at, channel="Email")
        shelf.won(f"o{number}", person, at + timedelta(days=12), 100_00)
    shelf.store()
    found = asked("closed-loop", engine, by="channel", model="markov")
    assert figures(found)["Email"] == [None, 4_000_00, 4_000_00, 4_000_00]
    assert found.result.totals.values["window_7"] is None
    assert [words for words in found.result.warnings if words.startswith("7 days: ")]


def test_rows_left_out_stand_as_one_so_that_columns_still_add_up(reading_engine: Engine) -> None:
    scope = settle(Options(**MARCH), reading_engine, BOOKS)  # type: ignore[arg-type]
    rows = {f"r{n}": 100 - n for n in range(6)} | {"~unattributed": 5}
    told = AtWindow(METRICS["revenue_minor"], rows, {key: Name(key.upper()) for key in rows}, sum(rows.values()))
    found = by_window(REPORTS["closed-loop"], scope, reading_engine, lambda _scope, _engine: told)
    short = found.shortened(2)
    assert [row.label for row in short.result.rows] == ["R0", "R1", "4 others", "~UNATTRIBUTED"]
    assert short.result.rows[2].values["window_30"] == 98 + 97 + 96 + 95
    assert found.shortened(5) is found, "no “1 others”"


@pytest.mark.parametrize("reading_engine", ["duckdb"], indirect=True)
def test_the_windows_share_what_they_have_in_common(
    monkeypatch: pytest.MonkeyPatch, reading_engine: Engine, shelf: Shelf
) -> None:
    """One state of the sales is put together for all windows: a table that the next window finds. ClickHouse asks each
    question by itself."""
    report, shared = REPORTS["pipeline-created"], []

    def ask(scope: Scope, engine: Engine) -> AtWindow:
        assert report.at_window
        told = report.at_window(scope, engine)
        [row] = engine.rows("SELECT count(*) AS n FROM duckdb_tables() WHERE database_name LIKE 'together%'")
        shared.append(row["n"])
        return told

    monkeypatch.setitem(run.REPORTS, report.key, replace(report, at_window=ask))
    asked(report.key, reading_engine, lookback_days=44)
    assert len(shared) == 5
    assert shared[0] > 0
    assert len(set(shared)) == 1


@pytest.fixture
def units(store: DuckDBEngine) -> tuple[BusinessUnit, BusinessUnit]:
    """North opened 300 by a campaign with a hostile name, south 77,777.77."""
    north, south, at = make_unit("North"), make_unit("South"), utc_now() - timedelta(days=20)
    shelf = Shelf(store)
    for unit, name, amount in ((north, HOSTILE, 300_00), (south, "hush", 77_777_77)):
        unit_id = str(unit.pk)
        shelf.person(name, name, learnt=at)
        shelf.fact("campaign_facts", f"c-{name}", name=name, channel="Email", unit_id=unit_id, learnt=at)
        shelf.code(name, f"c-{name}", unit=unit_id, learnt=at)
        shelf.touch(
            name,
            f"visitor:{name}",
            at - timedelta(days=5),
            utm_campaign=name,
            channel="Email",
            unit_id=unit_id,
            learnt=at,
        )
        shelf.won(f"o-{name}", name, at, amount, unit_id=unit_id, learnt=at)
    shelf.store()
    return north, south


@pytest.mark.django_db
def test_strangers_sign_in_first() -> None:
    make_user()
    assert Client().get(reverse("report_windows", args=["pipeline-created"])).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.FINANCE, Role.ADMINISTRATOR])
def test_it_stands_below_the_table_and_on_a_page_and_leaves_it_as_files(
    role: Role, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    client, address = signed_in_as(role, units[0]), reverse("report_windows", args=["pipeline-created"])
    assert address in client.get(reverse("report", args=["pipeline-created"])).content.decode()
    page = client.get(address, {"period": "all"}).content.decode()
    part = client.get(address, {"period": "all"}, headers={"HX-Request": "true"}).content.decode()
    for text in (page, part):
        assert "Pipeline created by lookback window" in text
        assert "Adds up" in text
        assert HOSTILE not in text
        assert ("77,778" in text) == (role is Role.ADMINISTRATOR)
    assert ("<html" in page, "<html" in part) == (True, False)
    opened = html.unescape(re.findall(r'href="([^"]*metric=opened_minor[^"]*lookback=7)"', page)[0])
    assert client.get(opened).status_code == 200
    file = client.get(reverse("report_download", args=["pipeline-created", "csv"]), {"period": "all", "windows": "yes"})
    head, *lines = csv.reader(StringIO(file.content.decode()))
    assert "Pipeline created, 7 days (EUR)" in head
    assert lines[-1][0] == "Total"
    wrong = client.get(reverse("report_download", args=["buyers", "csv"]), {"windows": "yes"})
    assert (wrong.status_code, b"not told by lookback window" in wrong.content) == (400, True)
    both = client.get(reverse("report_download", args=["pipeline-created", "csv"]), {"windows": "yes", "series": "yes"})
    assert (both.status_code, b"no series by lookback window" in both.content) == (400, True)
    assert client.get(address, {"model": "influenced"}).status_code == 400
    part = client.get(address, {"model": "influenced"}, headers={"HX-Request": "true"})
    assert (part.status_code, b'role="alert"' in part.content) == (200, True), "a refused part is put into its page"
    assert client.get(reverse("report_windows", args=["nothing"])).status_code == 404


def test_the_command_prints_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], reading_engine: Engine, shelf: Shelf
) -> None:
    answer = asked("pipeline-created", reading_engine).result.to_json()
    monkeypatch.setattr(command, "_ask", lambda _config, _given: answer)
    assert main(["report", "pipeline-created", "--windows"]) == 0
    shown = capsys.readouterr().out
    assert "No window" in shown
    assert "Adds up: €150.01" in shown
    assert main(["report", "pipeline-created", "--windows", "--series"]) == 2
    assert main(["report", "weekly", "--windows"]) == 2
