"""Unusual records are told with a way to them: on reports, dashboards, the wall, in mails, on the command line."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.campaigns.models import Campaign, CostLine
from loopline.lib.times import utc_now
from loopline.pipeline.models import Opportunity
from loopline.reporting.letter import letter_of
from loopline.reports.catalogue import REPORTS
from loopline.reports.files.write import table_lines
from loopline.reports.options import Books, Options
from loopline.reports.run import run_report
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user, signed_in_as

pytestmark = pytest.mark.django_db
SAID = "1 won opportunity has no exchange rate ($1,200.00): counted, and missing in every sum of money."
KIND = "won.without-rate"


@pytest.fixture
def unit(store: DuckDBEngine) -> BusinessUnit:
    """Somewhere a sale in dollars has no rate, among usual ones; in another unit a thousand times as much."""
    unit, other = make_unit("North"), make_unit("South")
    shelf, now = Shelf(store), utc_now() - timedelta(minutes=5)
    for one, times in ((unit, 1), (other, 1000)):
        sale = Opportunity.objects.create(unit=one, name=f"Tender of {one.name}", currency="USD")
        mine = {"unit_id": str(one.pk)}
        shelf.won(str(sale.pk), "", now, 1_200_00 * times, **mine, currency="USD", reporting_minor=None)
        shelf.won(f"usual-{one.name}", "", now, 100_00, **mine)
        shelf.cost(f"cost-{one.name}", "", 5_00, now.date(), **mine)
    shelf.store()
    make_user()
    return unit


def test_each_report_says_it_and_leads_to_the_records(unit: BusinessUnit) -> None:
    client = signed_in_as(Role.FINANCE, unit)
    for key in ("buyers", "paths"):
        text = client.get(reverse("report", args=[key]), {"period": "last_90_days"}).content.decode()
        assert SAID in text, key
        assert f"{reverse('report_unusual', args=[key, KIND])}?period=last_90_days" in text, key
    loop = client.get(reverse("closed_loop")).content.decode()
    assert SAID in loop
    opened = client.get(reverse("report_unusual", args=["closed-loop", KIND]))
    assert opened.status_code == 200
    text = opened.content.decode()
    assert "Tender of North" in text
    assert "$1,200.00" in text
    assert "Tender of South" not in text
    assert "1,200,000" not in text


def test_the_weekly_table_leads_to_the_records_of_the_closed_loop(unit: BusinessUnit) -> None:
    text = signed_in_as(Role.FINANCE, unit).get(reverse("weekly"), {"period": "last_90_days"}).content.decode()
    assert SAID in text
    assert f"{reverse('report_unusual', args=['closed-loop', KIND])}?" in text


def test_anonymous_people_sign_in_first_and_there_is_a_page_for_what_exists_only(unit: BusinessUnit) -> None:
    address = reverse("report_unusual", args=["closed-loop", KIND])
    assert Client().get(address).headers["Location"].startswith("/account/login/")
    client = signed_in_as(Role.FINANCE, unit)
    assert client.get(reverse("report_unusual", args=["no-such", KIND])).status_code == 404
    gone = client.get(reverse("report_unusual", args=["closed-loop", "won.negative"]))
    assert gone.status_code == 200
    assert "Nothing unusual any more" in gone.content.decode()
    assert client.get(reverse("report_unusual", args=["closed-loop", "open.negative"])).status_code == 400
    assert client.get(address, {"by": "weather"}).status_code == 400


def test_dashboards_and_the_wall_say_it_once(unit: BusinessUnit) -> None:
    client = signed_in_as(Role.FINANCE, unit)
    board = client.get(reverse("dashboard", args=["management"])).content.decode()
    assert f"{reverse('report_unusual', args=['closed-loop', KIND])}?" in board
    assert board.count(SAID) == 2  # the last 90 days, and the last 12 months of the forecast
    assert client.get(reverse("wall")).content.decode().count(SAID) == 1


def test_mails_and_the_command_line_say_it(unit: BusinessUnit, store: DuckDBEngine) -> None:
    books = Books(currency="EUR", zone="UTC", units={str(unit.pk): "North"}, sees_all_units=False)
    result = run_report("buyers", Options(by="unit", first=date(2020, 1, 1)), store, books)
    address = "https://loopline.example/reports/library/buyers/?by=unit"
    letter = letter_of("Sales", result, REPORTS["buyers"], address, lambda _form: b"")
    assert f'href="https://loopline.example/reports/unusual/buyers/{KIND}/?by=unit"' in letter.html
    assert SAID in letter.html
    assert f"! {SAID}" in letter.text
    assert any(SAID in line for line in table_lines(result.to_json()))
    assert result.to_json()["unusual"][0]["amounts_minor"] == {"USD": 1_200_00}


def test_where_there_is_nothing_every_report_says_so(store: DuckDBEngine) -> None:
    client = signed_in_as(Role.FINANCE, make_unit())
    make_user()
    for key in REPORTS:
        address = reverse("closed_loop") if key == "closed-loop" else reverse("report", args=[key])
        answer = client.get(address, {"period": "all", "clock": "cohort"})
        assert answer.status_code == 200, key
        text = answer.content.decode()
        assert "Nothing happened in this period" in text or key == "coverage", key
        assert "€0" not in text or key == "coverage", f"{key}: nothing is not zero"
    told = run_report("buyers", Options(by="unit"), store, Books(currency="EUR", zone="UTC"))
    assert any("Nothing happened in this period" in line for line in table_lines(told.to_json()))
    assert client.get(reverse("wall")).status_code == 200
    board = client.get(reverse("dashboard", args=["management"])).content.decode()
    assert "0 decided opportunities in the period; a forecast needs 30" in board


def test_a_record_that_is_gone_is_said_to_be_and_the_parts_add_up_to_the_cent(
    unit: BusinessUnit, store: DuckDBEngine
) -> None:
    shelf, now = Shelf(store), utc_now() - timedelta(minutes=4)
    shelf.won("gone-before", "", now, 33_33, unit_id=str(unit.pk))
    shelf.store()
    client = signed_in_as(Role.FINANCE, unit)
    for page, said in (
        (reverse("closed_loop_behind"), {"metric": "revenue_minor"}),
        (reverse("report_behind", args=["buyers"]), {"metric": "closed_minor"}),
    ):
        text = client.get(page, said | {"row": "~total"}).content.decode()
        assert text.count('title="gone-before">A deleted opportunity</span>') == 1
        assert "gone-bef," not in text
        assert text.count("€133.33") == 2, "the figure, and the total of its parts"


def test_an_unusual_cost_line_says_what_it_is_and_opens_its_campaign(unit: BusinessUnit, store: DuckDBEngine) -> None:
    campaign = Campaign.objects.create(unit=unit, name="Fair", currency="EUR")
    today = utc_now().date()
    line = CostLine.objects.create(
        unit=unit, campaign=campaign, amount_minor=7_00, currency="CHF", starts_on=today, ends_on=today,
        category=CostLine.Category.TOOLS, note="Stand",
    )  # fmt: skip
    shelf = Shelf(store)
    shelf.cost(str(line.pk), "", None, today, unit_id=str(unit.pk), currency="CHF", amount_minor=7_00)
    shelf.store()
    address = reverse("report_unusual", args=["closed-loop", "cost.cost-without-rate"])
    text = signed_in_as(Role.FINANCE, unit).get(address).content.decode()
    assert f'<a href="{reverse("campaign", args=[campaign.pk])}#cost">Fair</a>' in text
    assert "Tools: Stand" in text
    assert f'href="{reverse("exchange_rates")}">Open exchange rates' in text
    text = signed_in_as(Role.MARKETING, unit).get(address).content.decode()
    assert "Open exchange rates" not in text, "who may not add rates is not sent there"
