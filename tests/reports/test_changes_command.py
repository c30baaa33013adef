"""What changed, on the command line: by cause, row by row, and the records of one cause, which add up to it."""

import csv
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from loopline.access.actor import SYSTEM
from loopline.access.books import books_for
from loopline.access.models import BusinessUnit, Organisation
from loopline.cli.main import main
from loopline.lib.times import utc_now
from loopline.reporting.freezing import freeze_run
from loopline.reporting.models import FrozenRun
from loopline.reports.address import read_address, usual_of
from loopline.reports.catalogue import REPORTS
from loopline.reports.opened import FARTHEST
from loopline.reports.options import Options
from loopline.reports.run import run_report
from loopline.store.current import engine
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf
from tests.make import make_unit

pytestmark = pytest.mark.django_db
FORMULA = '=HYPERLINK("http://x","Autumn fair")'
SINCE = ["--changed-since", (utc_now() - timedelta(days=7)).isoformat()]


@pytest.fixture
def unit(store: DuckDBEngine, served_here: None) -> BusinessUnit:
    """For two months two sales of 100 and 30 by two codes. Just now: a refund of 40, a code mapped, a cost of 12.34.

    The command asks the server, in this process.
    """
    north, now = make_unit("North"), utc_now()
    long_ago, late, own = now - timedelta(days=60), now - timedelta(minutes=5), {"unit_id": str(north.pk)}
    shelf = Shelf(store)
    for person, sale, amount, code in (("ines", "o1", 100_00, "fair"), ("bo", "o2", 30_00, "spring")):
        shelf.person(person, f"v-{person}", learnt=long_ago)
        shelf.touch(f"t-{person}", f"visitor:v-{person}", long_ago - timedelta(days=3), utm_campaign=code,
                    channel="Email", learnt=long_ago, **own)  # fmt: skip
        shelf.won(sale, person, long_ago, amount, learnt=long_ago, **own)
    shelf.store()
    shelf.won("o1", "", long_ago, 100_00, learnt=late, refunded_minor=40_00, reporting_minor=60_00, **own)
    shelf.campaign("fair", "fair", unit=str(north.pk), learnt=late)
    shelf.fact("campaign_facts", "fair", name=FORMULA, channel="Email", currency="EUR", learnt=late, **own)
    shelf.cost("c1", "fair", 12_34, (now - timedelta(days=9)).date(), learnt=late, **own)
    shelf.store()
    return north


def printed(capsys: pytest.CaptureFixture[str], *typed: str) -> str:
    capsys.readouterr()
    assert main(["report", *typed]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


@pytest.mark.parametrize("key", ["closed-loop", "weekly"])
def test_the_records_of_a_cause_add_up_to_what_it_changed(
    key: str, unit: BusinessUnit, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = json.loads(printed(capsys, key, *SINCE, "--format", "json", "--metric", "revenue_minor"))
    assert changes["metric"]["key"] == "revenue_minor"
    [refunds] = [one for one in changes["causes"] if one["key"] == "refunds"]
    asked = [key, *SINCE, "--cause", "refunds", "--metric", "revenue_minor"]
    told = json.loads(printed(capsys, *asked, "--format", "json"))
    assert told["changed"]["change"] == told["change"] == refunds["change"]["revenue_minor"] == -40_00
    [record] = told["changed"]["records"]
    assert (record["id"], record["before"], record["adds"], record["change"]) == ("o1", 100_00, 60_00, -40_00)
    [fact] = told["facts"]
    assert fact["after"] == {"reporting_minor": 60_00, "refunded_minor": 40_00}
    [line] = lines(printed(capsys, *asked, "--format", "csv"))
    assert line == {"Kind": "opportunity", "Record": "A deleted opportunity", "Id": "o1", "Date": record["at"][:10],
                    "Before (EUR)": "100.00", "Now (EUR)": "60.00", "Change (EUR)": "-40.00"}  # fmt: skip
    text = printed(capsys, *asked)
    assert "Refunds (opportunities of which money went back): −€40.00 in Revenue of Total" in text
    assert "A deleted opportunity (opportunity)" in text
    assert "€60.00 · refunded €40.00" in text, "what was learned"


def test_a_row_is_named_as_it_is_printed_or_by_its_key(unit: BusinessUnit, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["closed-loop", *SINCE, "--cause", "Code mappings", "--metric", "revenue_minor", "--format", "json"]
    [by_key] = json.loads(printed(capsys, *asked, "--row", "fair"))["changed"]["records"]
    assert (by_key["id"], by_key["before"], by_key["adds"]) == ("o1", None, 100_00)
    changes = json.loads(printed(capsys, *asked[:3], "--metric", "revenue_minor", "--format", "json"))
    [label] = [one["label"] for one in changes["rows"] if one["key"] == "fair"]
    by_label = json.loads(printed(capsys, *asked, "--row", label.upper()))
    assert by_label["changed"]["records"] == [by_key]
    assert (by_label["row"], by_label["row_label"]) == ("fair", label)


def test_a_figure_row_by_row_is_a_file_with_a_column_a_cause(
    unit: BusinessUnit, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A spreadsheet adds the causes up to the change of each row, and the rows to the difference. No formula runs."""
    to = tmp_path / "why.csv"
    asked = ["closed-loop", *SINCE, "--metric", "revenue_minor", "--format", "csv"]
    assert printed(capsys, *asked, "--output", str(to)).strip() == str(to)
    found = lines(to.read_text())
    assert {one["Key"]: one["Change (EUR)"] for one in found} == {"fair": "60.00", "~unmapped": "-100.00"}
    for one in found:
        causes = sum(float(value) for name, value in one.items() if name.startswith("by "))
        assert causes == float(one["Change (EUR)"]), one
    assert not [one for one in found if one["Campaign"].startswith("=")]
    by_cause = lines(printed(capsys, "closed-loop", *SINCE, "--format", "csv"))
    assert by_cause[-1]["What arrived"] == "Difference"
    shares = [float(one["Revenue (EUR)"]) for one in by_cause if one["Facts"]]
    assert sum(shares) == float(by_cause[-1]["Revenue (EUR)"]) == -40


def test_days_and_times_are_those_of_the_organisation(unit: BusinessUnit, capsys: pytest.CaptureFixture[str]) -> None:
    """What was won in the evening of UTC was won on the next day in Auckland, and is so on the page."""
    zone, learnt = "Pacific/Auckland", utc_now() - timedelta(minutes=5)
    Organisation.objects.update_or_create(pk=1, defaults={"time_zone": zone})
    evening = (utc_now() - timedelta(days=50)).replace(hour=20)
    shelf = Shelf(engine())
    shelf.won("late", "", evening, 50_00, learnt=learnt, unit_id=str(unit.pk))
    shelf.store()
    asked = ["closed-loop", *SINCE, "--cause", "opportunities", "--metric", "revenue_minor"]
    [line] = lines(printed(capsys, *asked, "--format", "csv"))
    assert line["Date"] == (evening + timedelta(days=1)).date().isoformat()
    text = printed(capsys, *asked)
    assert line["Date"] in text
    assert f"{learnt.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" in text, "when it was learned"


def test_a_frozen_run_is_compared_and_each_cause_opens(unit: BusinessUnit, capsys: pytest.CaptureFixture[str]) -> None:
    books = books_for(SYSTEM)
    when = (utc_now() - timedelta(days=7)).isoformat()
    said = {"as_of": when, "period": "all"}
    options = read_address(said, books, utc_now().date(), usual_of(REPORTS["closed-loop"])).options
    run = freeze_run(run_report("closed-loop", options, engine(), books).to_json(), said, by=SYSTEM)
    asked = ["closed-loop", "--frozen", str(run.pk), "--against", "now", "--metric", "cost_minor", "--cause", "costs"]
    [record] = json.loads(printed(capsys, *asked, "--format", "json"))["changed"]["records"]
    assert (record["id"], record["before"], record["change"]) == ("c1", None, 12_34)
    [line] = lines(printed(capsys, *asked, "--format", "csv"))
    assert (line["Before (EUR)"], line["Now (EUR)"]) == ("", "12.34"), "what was not there is no 0"


def test_a_frozen_run_says_which_it_is_and_whether_it_is_as_it_was(
    unit: BusinessUnit, capsys: pytest.CaptureFixture[str]
) -> None:
    books = books_for(SYSTEM)
    result = run_report("closed-loop", Options(), engine(), books)
    run = freeze_run(result.to_json(), {"period": "all"}, note="Board", by=SYSTEM)
    asked = ["closed-loop", "--frozen", str(run.pk)]
    told = json.loads(printed(capsys, *asked, "--format", "json"))["run"]
    assert (told["id"], told["digest"], told["is_whole"]) == (str(run.pk), run.digest, True)
    text = printed(capsys, *asked)
    assert f"frozen run {run.pk}, by Loopline" in text
    assert f"digest {run.digest}, as it was" in text
    FrozenRun.objects.update(told=run.told | {"totals": run.told["totals"] | {"revenue_minor": 1}})
    assert f"digest {run.digest}, NOT AS IT WAS" in printed(capsys, *asked)


REFUSED = [
    (["--cause", "refunds"], "add --changed-since T"),
    ([*SINCE, "--row", "fair"], "add --cause C"),
    ([*SINCE, "--cause", "weather"], "--cause: There is no cause “weather”. Here there are: codes, campaigns, refunds"),
    ([*SINCE, "--cause", "codes", "--row", "none"], "--row: Nothing changed in the row “none” in Revenue. Rows"),
    ([*SINCE, "--cause", "codes", "--metric", "romi"], "--metric: “romi” is no figure that can be split"),
    ([*SINCE, "--format", "xlsx", "--output", "x.xlsx"], "what changed is written as table, csv or json"),
    ([*SINCE, "--frozen", "x"], "--frozen has a moment of its own"),
]


@pytest.mark.parametrize(("typed", "said"), REFUSED)
def test_what_cannot_be_asked_is_said(
    typed: list[str], said: str, unit: BusinessUnit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "closed-loop", *typed]) == 2
    assert said in capsys.readouterr().err


def test_where_there_are_too_many_records_to_compare_it_says_so(
    unit: BusinessUnit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line of the table that holds few is told all the same."""
    shelf, own = Shelf(engine()), {"unit_id": str(unit.pk), "learnt": utc_now() - timedelta(minutes=5)}
    for number in range(FARTHEST + 1):
        shelf.lead(f"l{number}", f"p{number}", utc_now() - timedelta(days=30), **own)
    shelf.lead("alone", "alone", utc_now() - timedelta(days=50), **own)
    shelf.store()
    asked = ["weekly", *SINCE, "--cause", "leads", "--metric", "leads"]
    assert "More than 10,000 records stand behind it" in printed(capsys, *asked)
    asked += ["--format", "json"]
    rows = json.loads(printed(capsys, *asked[:3], "--metric", "leads", "--format", "json"))["rows"]
    [line] = [one["key"] for one in rows if one["change"] == 1]
    [record] = json.loads(printed(capsys, *asked, "--row", line))["changed"]["records"]
    assert record["id"] == "alone"


def test_rows_that_are_not_added_up_are_opened_one_by_one(
    unit: BusinessUnit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "coverage", *SINCE, "--cause", "refunds"]) == 2
    assert "not added up, so say which row. Rows that changed: " in capsys.readouterr().err
