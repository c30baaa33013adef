"""The pages of the report library: anonymous, wrong unit, allowed; what opens, what is handed out."""

import json
from datetime import timedelta
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.attribution.model import MODELS
from loopline.lib.times import utc_now
from loopline.reports.catalogue import CATALOGUE, REPORTS
from loopline.reports.keepable import KEEPABLE
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.report_pages import page_of
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user, signed_in_as
from tests.reports.test_budget_planner import two_channels

pytestmark = pytest.mark.django_db
NEED_MORE = {"budget-planner", "forecast", "hand-off", "plan-and-actual", "platform-claims", "speed-to-lead"}
"""Reports that have nothing to say of two sales; their own tests hold their check."""
WITHOUT_TOTAL = {"coverage": "agreed", "cost-per-stage": "2", "platform-claims": "|google"}
"""Reports whose rows mean nothing together → one of their rows."""
KEYS = [key for key in REPORTS if key != "closed-loop"]


@pytest.fixture
def units(store: DuckDBEngine) -> tuple[BusinessUnit, BusinessUnit]:
    """North sold for 1,000.10 to a hostile industry, south for 77,777.77, both this month."""
    north, south = make_unit("North"), make_unit("South")
    shelf, now = Shelf(store), utc_now() - timedelta(minutes=5)
    for unit, company, amount in ((north, "=cmd()", 1_000_10), (south, "hush", 77_777_77)):
        shelf.fact("company_facts", company, unit_id=str(unit.pk), name=company, industry=f"{company}<b>")
        shelf.lead(f"lead-{company}", company, now - timedelta(hours=2), unit_id=str(unit.pk))
        shelf.won(
            f"won-{company}", company, now, amount, unit_id=str(unit.pk), company_id=company, lead_id=f"lead-{company}"
        )
    shelf.store()
    return north, south


def test_a_shortened_address_leads_to_all_reports(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    answer = signed_in_as(Role.FINANCE, units[0]).get("/reports/", follow=True)
    assert answer.redirect_chain == [(reverse("library"), 302)]
    assert "Closed loop" in answer.content.decode()


@pytest.mark.parametrize("key", [key for key, report in KEEPABLE.items() if "model" in report.reads])
def test_only_models_that_the_report_takes_are_offered(units: tuple[BusinessUnit, BusinessUnit], key: str) -> None:
    client, page = signed_in_as(Role.FINANCE, units[0]), page_of(key, "")
    offered = client.get(page).content.decode()
    for model in MODELS.values():
        is_taken = model.is_fitted or client.get(page, {"model": model.key}).status_code == 200
        assert (f"model={model.key}" in offered) == is_taken, model.label


def test_money_among_counts_is_told_as_money(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client, asked = signed_in_as(Role.FINANCE, units[0]), {"period": "all", "row": "origin", "metric": "known_of"}
    for name in ("report", "report_behind"):
        text = client.get(reverse(name, args=["coverage"]), asked).content.decode()
        assert "€1,000.10" in text, name
        assert "1,000.1<" not in text, name
    rate = client.get(reverse("report_behind", args=["coverage"]), asked | {"metric": "known_rate"})
    assert "€1,000.10" in rate.content.decode()
    assert ">1<" in client.get(reverse("report", args=["coverage"]), asked).content.decode(), "counts stay counts"


@pytest.mark.parametrize("key", [key for key in KEYS if key not in {"forecast", "hand-off", "speed-to-lead"}])
def test_a_comparison_is_offered_where_a_change_is_shown(
    units: tuple[BusinessUnit, BusinessUnit], store: DuckDBEngine, key: str
) -> None:
    """Both periods have a lead, a sale and a cost. Of so little, three reports say nothing, before or now."""
    shelf, unit = Shelf(store), str(units[0].pk)
    for number, days in enumerate((2, 100)):
        at = utc_now() - timedelta(days=days)
        shelf.person(f"p{number}", f"v{number}")
        shelf.touch(f"e{number}", f"visitor:v{number}", at, unit_id=unit, channel="Email")
        shelf.lead(f"l{number}", f"p{number}", at, unit_id=unit)
        shelf.won(f"o{number}", f"p{number}", at + timedelta(days=1), 500_00, unit_id=unit, lead_id=f"l{number}")
        shelf.cost(f"c{number}", "", 100_00, at.date(), unit_id=unit, platform="google")
    shelf.touch("first", "visitor:v0", utc_now() - timedelta(days=200), unit_id=unit, channel="Email")
    shelf.store()
    client = signed_in_as(Role.FINANCE, units[0])
    answer = client.get(reverse("report", args=[key]), {"period": "last_90_days", "compare": "before"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert ("Compare <b>" in page) == any(one.change for one in answer.context["key_figures"])


def test_anonymous_people_sign_in_first() -> None:
    make_user()
    pages = [reverse(name, args=[key]) for key in KEYS for name in ("report", "report_behind")]
    for address in (reverse("library"), *pages, *(reverse("report_download", args=[key, "csv"]) for key in KEYS)):
        assert Client().get(address).headers["Location"].startswith("/account/login/"), address


def test_every_report_shows_what_may_be_seen_and_hides_the_other_unit(
    units: tuple[BusinessUnit, BusinessUnit],
) -> None:
    client = signed_in_as(Role.FINANCE, units[0])
    seen: set[str] = set()
    for key in KEYS:
        answer = client.get(reverse("report", args=[key]), {"compare": "none", "period": "all"})
        assert answer.status_code == 200, key
        text = answer.content.decode()
        assert "77,777" not in text, key
        assert "hush" not in text, key
        assert "Does not" not in text, key
        if 'id="rows"' in text and "<tbody><tr" in text:
            assert "Adds up" in text or "Balanced" in text, f"{key} says whether it meets the records"
            seen.add(key)
    assert set(KEYS) - seen <= NEED_MORE


def test_every_figure_that_opens_opens_and_hides_the_other_unit(
    units: tuple[BusinessUnit, BusinessUnit], store: DuckDBEngine
) -> None:
    shelf = Shelf(store)
    shelf.cost("ads", "", 5_00, utc_now().date(), unit_id=str(units[0].pk), platform="google", claimed_micro=1_000_000)
    shelf.store()
    client = signed_in_as(Role.MARKETING, units[0])
    for key in (key for key in KEYS if key != "budget-planner"):  # it opens its own rows only, see below
        for metric in sorted(REPORTS[key].opens)[:2]:
            row = WITHOUT_TOTAL.get(key, "~total")
            answer = client.get(reverse("report_behind", args=[key]), {"metric": metric, "row": row})
            assert answer.status_code == 200, (key, metric)
            assert "hush" not in answer.content.decode(), (key, metric)
        assert client.get(reverse("report_behind", args=[key]), {"metric": "no-such"}).status_code == 400, key


def test_a_median_stands_above_its_records_as_the_report_says_it(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client = signed_in_as(Role.MARKETING, units[0])
    asked = {"metric": "hours_to_won", "row": "~total"}
    answer = client.get(reverse("report_behind", args=["buyers"]), asked)
    assert (answer.context["figure"], answer.context["opened"].count) == (48, 1)


def test_the_forecast_opens_into_what_may_be_seen(store: DuckDBEngine) -> None:
    north, south = make_unit("North"), make_unit("South")
    shelf, now = Shelf(store), utc_now() - timedelta(minutes=5)
    for unit, is_open in ((north, 2), (south, 3)):
        for number in range(30 + is_open):
            has_ended = number < 30
            shelf.won(
                f"{unit.name}-{number}", "", now, 100_00, unit_id=str(unit.pk), stage="proposal",
                created_at=now - timedelta(days=9 if has_ended else 1), outcome="won" if has_ended else "open",
                **({} if has_ended else {"closed_at": None}),
            )  # fmt: skip
    shelf.store()
    asked = {"metric": "from_open_minor", "row": "~total"}
    address = reverse("report_behind", args=["forecast"])
    for client, records in (
        (signed_in_as(Role.MARKETING, north), 2),
        (signed_in_as(Role.MARKETING, south), 3),
    ):
        answer = client.get(address, asked)
        assert (answer.status_code, answer.context["opened"].count) == (200, records)
        [rates, *_] = answer.context["workings"]
        won, lost, rate = rates.lines[0].cells
        assert (won.value, lost.value, rate.value) == (30, 0, 100)
        listed = client.get(won.address)
        assert (listed.status_code, listed.context["opened"].count) == (200, 30)
        assert "Proposal: Won" in listed.content.decode()
    assert client.get(address, asked | {"row": "2001-01-01"}).status_code == 400
    shown = client.get(reverse("report", args=["forecast"])).content.decode()
    assert f"{address}?row=~total&amp;metric=from_open_minor" in shown
    parts = client.get(address, {"metric": "expected_minor", "row": "~total"}).content.decode()
    assert "metric=from_leads_minor" in parts, "a figure that is told from others leads to them"
    assert "The draws" in client.get(address, {"metric": "expected_low_minor", "row": "~total"}).content.decode()


def test_a_figure_of_the_planner_opens_into_weeks_and_these_into_what_may_be_seen(store: DuckDBEngine) -> None:
    north, south = make_unit("North"), make_unit("South")
    two_channels(store, unit=str(north.pk))
    asked = {"from": "2023-09-04", "to": "2024-03-31", "metric": "gain", "row": "Paid Search"}
    address = reverse("report_behind", args=["budget-planner"])
    client = signed_in_as(Role.FINANCE, north)
    answer = client.get(address, asked)
    curves, weeks = answer.context["workings"]
    assert curves.working.title == "Curves that fit"
    assert weeks.lines[0].label == "25 Mar 2024"
    spend, outcome = weeks.lines[0].cells
    for cell in (spend, outcome):
        behind = client.get(cell.address)
        assert (behind.status_code, behind.context["found"].total) == (200, cell.value)
    assert 'metric=gain"' in client.get(reverse("planner"), asked).content.decode().replace("&amp;", '"')
    for other in (signed_in_as(Role.FINANCE, south), client):
        said = asked if other is not client else asked | {"row": "Nowhere"}
        refused = other.get(address, said)
        assert (refused.status_code, "There is no cost of" in refused.content.decode()) == (400, True)
    assert Client().get(address, asked).headers["Location"].startswith("/account/login/")


@pytest.mark.parametrize("query", [{"period": "x"}, {"as_of": "x"}, {"unit": "x"}, {"by": "weather"}])
def test_an_address_that_means_nothing_says_what_to_choose(
    query: dict[str, str], units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    client = signed_in_as(Role.MARKETING, units[0])
    answer = client.get(reverse("report", args=["funnel"]), query)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    others = client.get(reverse("report", args=["funnel"]), {"unit": str(units[1].pk)})
    assert others.status_code == 400


def test_there_is_a_page_for_what_exists_only(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client = signed_in_as(Role.MARKETING, units[0])
    assert client.get(reverse("report", args=["no-such"])).status_code == 404
    listed = client.get(reverse("library")).content.decode()
    assert all(REPORTS[key].question in listed for key in ("funnel", "buyers", "hand-off"))


def test_files_hold_the_same_figures_and_nothing_that_runs(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client = signed_in_as(Role.MARKETING, units[0])
    address = {form: reverse("report_download", args=["buyers", form]) for form in ("csv", "json", "xlsx", "parquet")}
    told = json.loads(client.get(address["json"]).content)
    assert (told["rows"][0]["label"], told["rows"][0]["closed_minor"]) == ("=cmd()<b>", 1_000_10)
    assert told["check"]["holds"] is True
    assert "'=cmd()<b>,," in client.get(address["csv"]).content.decode()
    table = pq.read_table(BytesIO(client.get(address["parquet"]).content))
    assert table.column("closed_minor").to_pylist() == [1_000_10]
    book = ZipFile(BytesIO(client.get(address["xlsx"]).content))
    cells = {one.get("r"): one for one in ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml")).iter()
             if one.tag.endswith("}c")}  # fmt: skip
    assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    assert cells["F2"][0].text == "1000.1"
    assert cells["A2"].get("t") == "s"
    assert "=cmd()&lt;b&gt;" in book.read("xl/sharedStrings.xml").decode()


def test_every_metric_of_the_catalogue_says_what_it_is() -> None:
    for metric in CATALOGUE.values():
        assert metric.label
        assert metric.formula
        assert metric.grain
        assert metric.period_date
