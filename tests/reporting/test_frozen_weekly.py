"""The weekly table is frozen line by line, and its run leaves as the files that marketing-mix packages take."""

import html
import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.books import books_for
from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.cli.main import main
from loopline.lib.times import utc_now
from loopline.reporting.comparing import frozen_answer
from loopline.reporting.models import FrozenRun
from loopline.reports.frozen import digest_of
from loopline.reports.weekly.lines import as_table
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.api.schemas import ReportAnswer
from tests.api.asking import program_of
from tests.attribution.shelf import Shelf, day
from tests.make import make_unit, make_user, signed_in, signed_in_as
from tests.reports.sheets import sheet

pytestmark = pytest.mark.django_db
DAYS = {"from": "2024-03-01", "to": "2024-03-31"}
FORMS = ("csv", "xlsx", "parquet")


@pytest.fixture
def units(store: DuckDBEngine) -> tuple[BusinessUnit, BusinessUnit]:
    """Each unit sold something; a cost of north lacks an exchange rate. Known for an hour."""
    north, south = make_unit("North · West"), make_unit("South")
    shelf, learnt = Shelf(store), utc_now() - timedelta(hours=1)
    shelf.fact("campaign_facts", "ads", unit_id=str(north.pk), name="Ads", channel="Paid Search", currency="EUR",
               learnt=learnt)  # fmt: skip
    for key, amount, currency in (("c1", 90_00, "EUR"), ("c2", None, "CHF")):
        shelf.cost(key, "ads", amount, date(2024, 3, 4), date(2024, 3, 12), unit_id=str(north.pk), currency=currency,
                   reporting_minor=amount, learnt=learnt)  # fmt: skip
    for unit, sale in ((north, "o1"), (south, "o2")):
        shelf.won(sale, "", day(12), 50_01, unit_id=str(unit.pk), learnt=learnt)
    shelf.store()
    return north, south


def frozen(client: Client, **options: str) -> FrozenRun:
    said = "&".join(f"{name}={value}" for name, value in (DAYS | options).items())
    answer = client.post(f"{reverse('report_freeze', args=['weekly'])}?{said}", {"note": "For the model"})
    return FrozenRun.objects.get(pk=answer.headers["Location"].split("/")[-2])


@pytest.mark.parametrize("by", ["channel", "unit"])
def test_a_frozen_weekly_table_keeps_every_line_and_its_files_are_those_of_the_table(
    by: str, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    client = signed_in(make_user(Role.ADMINISTRATOR))
    assert reverse("report_freeze", args=["weekly"]) in client.get(reverse("weekly"), DAYS).content.decode()
    run = frozen(client, by=by)
    assert (run.report, run.digest) == ("weekly", digest_of(run.told))
    live = json.loads(client.get(reverse("weekly_download", args=["json"]), DAYS | {"by": by}).content)
    again = as_table(run.told)
    assert again["rows"] == live["rows"], "with the names of units and channels"
    assert {name: again[name] for name in live if name not in ("rows", "as_of")} == {
        name: live[name] for name in live if name not in ("rows", "as_of")
    }
    assert any("exchange rate" in words for words in again["warnings"])
    for form in FORMS:
        kept = client.get(reverse("frozen_run_download", args=[run.pk, form]))
        table = client.get(reverse("weekly_download", args=[form]), DAYS | {"by": by, "as_of": run.as_of.isoformat()})
        assert kept.content == table.content, form
    assert client.get(reverse("frozen_run_download", args=[run.pk, "json"])).json() == run.told
    series = client.get(reverse("frozen_run_download", args=[run.pk, "csv"]), {"series": "yes"})
    assert (series.status_code, b"nothing over time" in series.content) == (400, True)


def test_its_page_says_what_it_is_and_what_has_changed_since(
    store: DuckDBEngine, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    client = signed_in(make_user(Role.ADMINISTRATOR))
    run = frozen(client)
    page = client.get(reverse("frozen_run", args=[run.pk]), {"again": "1"}).content.decode()
    assert page.count("unchanged") == 2
    assert "does not fit" not in page
    assert "11 Mar 2024 · Paid Search" in page
    assert f'href="{reverse("weekly")}?' in page, "as it is now"
    shelf = Shelf(store)
    shelf.won("o1", "", day(12), 40_01, unit_id=str(units[0].pk), refunded_minor=10_00,
              learnt=utc_now())  # fmt: skip
    shelf.store()
    answer = client.get(reverse("frozen_run", args=[run.pk]), {"again": "1"})
    assert answer.content.decode().count("differs") == 1
    assert [(one.row, one.before, one.after) for one in answer.context["differences"]] == [
        ("11 Mar 2024 · Unattributed", 100_02, 90_02), ("Total", 100_02, 90_02),
    ]  # fmt: skip
    later = frozen(client)
    assert later.digest != run.digest
    for against in ("now", str(later.pk)):
        answer = client.get(
            reverse("report_changes", args=["weekly"]),
            {"frozen": str(run.pk), "against": against, "metric": "revenue_minor", "cause": "refunds"}, follow=True,
        )  # fmt: skip
        assert answer.status_code == 200
        assert "−€10.00" in answer.content.decode()
    told = frozen_answer("weekly", str(run.pk), {"against": "now"}, SYSTEM, store, books_for(SYSTEM))
    assert told["change"]["revenue_minor"] == -10_00  # type: ignore[index]


@pytest.mark.parametrize("by", ["channel", "unit"])
def test_what_is_unusual_in_a_frozen_one_opens_as_of_its_moment(
    by: str, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    client = signed_in(make_user(Role.ADMINISTRATOR))
    page = client.get(reverse("frozen_run", args=[frozen(client, by=by).pk])).content.decode()
    [address] = re.findall(r'href="(/reports/unusual/[^"]*)">Show it', page)
    answer = client.get(html.unescape(address))
    assert answer.status_code == 200
    assert len(answer.context["found"].entries) == 1


def test_a_long_one_shows_its_latest_whole_weeks_and_says_so(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client = signed_in(make_user(Role.ADMINISTRATOR))
    run = frozen(client, **{"from": "2021-03-01"})
    page = client.get(reverse("frozen_run", args=[run.pk])).content.decode()
    assert 0 < page.count('<th scope="row" class="name">') <= 200
    assert "earlier ones are in the files" in page
    assert 'class="table-frame is-report is-tall" id="rows"' in page, "it scrolls in its frame, as on its own page"
    assert "1 Mar 2021 ·" not in page


def test_programs_and_commands_get_it_and_other_units_do_not(
    units: tuple[BusinessUnit, BusinessUnit], served_here: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = frozen(signed_in(make_user(Role.ADMINISTRATOR)))
    user = make_user(Role.FINANCE)
    asker = program_of(user)
    assert [one["id"] for one in asker.told("runs", report="weekly")["runs"]] == [str(run.pk)]
    answer = asker.told(f"runs/{run.pk}")
    ReportAnswer.model_validate(answer)
    assert answer["run"]["is_whole"]
    csv = asker.ask(f"runs/{run.pk}", format="csv").content.decode()
    assert csv.startswith("week,channel,spend,touches,leads,revenue\n")
    asked = ["report", "weekly", "--frozen", str(run.pk)]
    told = {}
    for form in ("table", "csv", "json"):
        assert main([*asked, "--format", form]) == 0
        told[form] = capsys.readouterr().out
    assert told["csv"] == csv
    assert json.loads(told["json"])["run"]["digest"] == run.digest
    assert f"digest {run.digest}, as it was" in told["table"]
    assert main([*asked, "--format", "xlsx", "--output", str(tmp_path / "weekly.xlsx")]) == 0
    assert sheet((tmp_path / "weekly.xlsx").read_bytes(), 1)[0] == csv.splitlines()[0].split(",")
    assert signed_in_as(Role.MARKETING, units[0]).get(reverse("frozen_run", args=[run.pk])).status_code == 404
