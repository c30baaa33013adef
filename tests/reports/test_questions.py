"""The SQL of a report is what the report asks: put to the store again, each question gives the very same answer."""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from django.urls import reverse

from loopline.access.roles import Role
from loopline.cli.commands import report as command
from loopline.cli.main import main
from loopline.reports.answer import answered
from loopline.reports.catalogue import REPORTS
from loopline.reports.options import Books, Options
from loopline.reports.questions import report_sql, weekly_sql
from loopline.reports.run import run_report
from loopline.store.arrow import plain
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Value
from loopline.store.only_read import OnlyRead
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day
from tests.engines import empty_duckdb
from tests.make import make_unit, make_user, signed_in
from tests.reports.late_facts import early_books

QUICK = ["closed-loop", "company-engagement", "forecast", "it-costs"]
"""With every kind of value; all others with LOOPLINE_CASES=all (`make test-slow`)."""


class Answers(OnlyRead):
    """Keeps what the store answers."""

    def __init__(self, engine: DuckDBEngine) -> None:
        super().__init__(engine)
        self.all: list[pa.Table] = []

    def asked(self, sql: str, params: Mapping[str, Value]) -> tuple[str, Mapping[str, Value]]:
        self.all.append(self._engine.query(sql, params))
        return sql, params


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("questions") / "events.duckdb"
    engine = empty_duckdb(path)
    early_books(engine, 1)
    engine.close()
    return path


def again(script: str, path: Path) -> list[pa.Table]:
    """What anybody gets who puts the file to a copy of the store."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'America/New_York'")  # whatever the zone of who asks
        found = [connection.sql(one).to_arrow_table() for one in duckdb.extract_statements(script)]
        return [plain(table) for table in found]


def content(table: pa.Table) -> list[str]:
    """Rows as they come in any order: not every question says one."""
    return sorted(str(row) for row in table.to_pylist())


@pytest.mark.cases
def test_every_report_and_the_weekly_table_can_be_asked_again_as_sql(books: Path) -> None:
    engine = DuckDBEngine(books)
    scripts, answers = {}, {}
    for key in REPORTS if os.environ.get("LOOPLINE_CASES") == "all" else QUICK:
        heard, options = Answers(engine), Options(**MARCH, by=REPORTS[key].usual_by)  # type: ignore[arg-type]
        scripts[key], answers[key] = report_sql(key, options, heard, BOOKS), heard.all
    weekly = weekly_sql(Options(**MARCH, by="channel"), engine, BOOKS)  # type: ignore[arg-type]
    engine.close()
    for key, script in scripts.items():
        assert f"{key}.sql" in script
        found = again(script, books)
        assert len(found) == len(answers[key]) > 1, key
        for first, second in zip(answers[key], found, strict=True):
            assert content(first) == content(second), key
    assert len(again(weekly, books)) > 5
    assert "asked by loopline/reports/weekly/table.py" in weekly
    assert "asked by loopline/reports/tally.py" in scripts["closed-loop"]


def test_the_first_day_of_the_books_is_that_of_the_first_cost_in_any_zone(store: DuckDBEngine) -> None:
    shelf = Shelf(store)
    shelf.cost("rent", "spring", 100, date(2024, 3, 1))
    shelf.store()
    for zone in ("America/New_York", "Pacific/Auckland"):
        assert run_report("closed-loop", Options(), store, Books("EUR", zone)).first == date(2024, 3, 1), zone


@pytest.mark.django_db
def test_only_who_sees_the_report_gets_its_questions_and_only_of_their_units(store: DuckDBEngine, client: Any) -> None:
    north, south = make_unit("North"), make_unit("South")
    shelf = Shelf(store)
    for unit in (north, south):
        shelf.person(f"p-{unit.name}", unit.name)
        shelf.won(f"won-{unit.name}", f"p-{unit.name}", day(3), 100, unit_id=str(unit.pk))
    shelf.store()
    addresses = [reverse("report_sql", args=["closed-loop"]), reverse("weekly_sql")]
    for address in addresses:
        assert client.get(address).status_code == 302
        file = signed_in(make_user(Role.FINANCE, unit=north)).get(address)
        assert file.headers["Content-Type"] == "application/sql; charset=utf-8"
        assert file.headers["Content-Disposition"].endswith('.sql"')
        assert str(north.pk) in file.content.decode()
        assert str(south.pk) not in file.content.decode()
        refused = signed_in(make_user(Role.FINANCE)).get(address, {"model": "no-such"})
        assert (refused.status_code, "no-such" in refused.content.decode()) == (400, True)
    assert signed_in(make_user(Role.FINANCE)).get(reverse("report_sql", args=["no-such"])).status_code == 404


def test_the_command_prints_or_writes_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, store: DuckDBEngine,
) -> None:  # fmt: skip
    for key in ("buyers", "weekly"):
        words = {"sql": "yes", "by": REPORTS[key].usual_by} if key in REPORTS else {"sql": "yes"}
        answer = answered(key, words, store, BOOKS)
        monkeypatch.setattr(command, "_ask", lambda _config, _given, said=answer: said)
        assert main(["report", key, "--sql"]) == 0
        assert capsys.readouterr().out == answer["sql"]
        assert main(["report", key, "--sql", "--output", str(tmp_path / key)]) == 0
        assert capsys.readouterr().out == f"{tmp_path / key}\n"
        assert (tmp_path / key).read_text() == answer["sql"]
    for others in (["--series"], ["--format", "csv"], ["--frozen", "x"], ["--changed-since", "2024-03-01"]):
        assert main(["report", "buyers", "--sql", *others]) == 2
