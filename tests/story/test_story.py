"""One buyer all the way round the loop, through real pages, on both pairs of databases.

From a search ad to a newsletter to the form, to a lead, to a salesperson, to an opportunity, to a sale, to the report,
with every figure to the cent.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from tests.ports import free_port
from tests.story.company import PASSWORD, Installation, Running, sample_site
from tests.story.people import (
    Colleague,
    agree_on_definition,
    invite,
    open_form,
    plan_campaign,
    sign_in,
    visit_and_ask,
)

SPRING_COST, LETTER_COST, SALE = Decimal("1234.56"), Decimal("100.00"), Decimal("10000.01")
SET_UP = (
    "setup", "--name", "Ada Berg", "--email", "ada@loopline.test", "--organisation", "Nordwind", "--unit", "Nordics",
    "--time-zone", "Europe/Oslo", "--currency", "EUR",
)  # fmt: skip

OTHER_DATABASES = pytest.param("PostgreSQL and ClickHouse", marks=pytest.mark.databases)

pytestmark = pytest.mark.browser


@pytest.fixture(params=["SQLite and DuckDB", OTHER_DATABASES])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Installation:
    settings = {}
    if request.param == "PostgreSQL and ClickHouse":
        settings["DATABASE_URL"] = request.getfixturevalue("postgres_url")
        settings["EVENTS_URL"] = f"chdb:///{tmp_path / 'clickhouse'}"
    made = Installation.new(tmp_path, **settings)
    made.run(*SET_UP, LOOPLINE_SETUP_PASSWORD=PASSWORD)
    return made


def eventually(holds: Callable[[], bool], what: str, seconds: float = 40) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"in {seconds} s it did not come about that {what}"
        time.sleep(0.25)


def test_one_buyer_all_the_way_round_the_loop(installation: Installation, browser: Browser) -> None:
    site_url = f"http://127.0.0.1:{free_port()}"
    create = ("keys", "create", "--name", "site", "--kind", "browser", "--origin", site_url, "--allow-automation")
    key = installation.run(*create).strip()
    with installation.serve() as server, sample_site(server.url, key, site_url):
        ana = company_agrees(browser, server)
        visit_and_ask(browser, site_url)
        sell(ana)
        eventually(lambda: report(server, "first_touch")["totals"]["revenue_minor"] == 1_000_001, "revenue counts")
        check_books(server)
        check_command(installation, server)
        check_page(ana)


def company_agrees(browser: Browser, server: Running) -> Colleague:
    """Everything that stands before the first visitor comes; gives back the salesperson."""
    ada = sign_in(browser, server.url, "ada@loopline.test")
    mara = invite(ada, browser, "Mara Solheim", "marketing")
    henrik = invite(ada, browser, "Henrik Berg", "sales_manager")
    ana = invite(ada, browser, "Ana Lund", "sales", takes_leads=True)
    today = datetime.now(UTC).astimezone(ZoneInfo("Europe/Oslo")).date()
    plan_campaign(mara, "Spring search", "Paid Search", "spring", SPRING_COST, today)
    plan_campaign(mara, "Letter", "Email", "letter", LETTER_COST, today)
    open_form(mara, "demo", "Ask for a demo")
    agree_on_definition(mara, henrik)
    return ana


def sell(ana: Colleague) -> None:
    """The salesperson finds the lead with its route, accepts, converts, and wins it."""

    def is_waiting() -> bool:
        said = ana.open("/leads/").locator("main").inner_text()
        return "Ines Okafor" in said and "Spring search" in said

    eventually(is_waiting, "the lead waits for Ana with its route")
    page = ana.page
    expect(page.locator("main")).to_contain_text("Letter")
    expect(page.locator("main")).to_contain_text("<script>alert(1)</script>")
    ana.press("Accept")
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    ana.open("/leads/?tab=accepted").get_by_role("link", name="Ines Okafor").first.click()
    page.get_by_role("link", name="Convert").first.click()
    ana.fill(amount=str(SALE))
    ana.press("Convert")
    expect(page.locator(".stage-steps")).to_be_visible()
    ana.press("Proposal")
    expect(page.locator("[aria-current='step']")).to_contain_text("Proposal")
    page.get_by_role("link", name="Won").click()
    page.get_by_role("button", name="Mark as won").click()
    expect(page.locator(".stage-say")).to_contain_text("won")


def report(server: Running, model: str, by: str = "campaign") -> dict[str, Any]:
    return server.report("closed-loop", model=model, by=by)


def check_command(installation: Installation, server: Running) -> None:
    """The command prints what the server answers; only the moment of asking is another."""
    printed = json.loads(
        installation.run("report", "closed-loop", "--model", "linear", "--by", "campaign", "--format", "json")
    )
    answered = report(server, "linear")
    assert [printed[part] for part in ("rows", "totals", "balance")] == [
        answered[part] for part in ("rows", "totals", "balance")
    ]


def row_of(answer: dict[str, object], name: str) -> dict[str, object]:
    rows = answer["rows"]
    assert isinstance(rows, list)
    [row] = [row for row in rows if name in {row.get("label"), row.get("name"), row.get("key")}]
    return dict(row)


def check_books(server: Running) -> None:
    """First touch gives all to the search ad, last touch to the newsletter, linear splits to the cent."""
    first, last, linear = (report(server, model) for model in ("first_touch", "last_touch", "linear"))
    for answer in (first, last, linear):
        balance = answer["balance"]
        assert balance["holds"] is True
        assert balance["revenue_minor"] == balance["credited_minor"] == 1_000_001
        assert balance["unattributed_minor"] == 0
        assert balance["cost_minor"] == balance["allocated_minor"] == 133_456
    spring, letter = row_of(first, "Spring search"), row_of(first, "Letter")
    assert (spring["cost_minor"], spring["sessions"], spring["leads"], spring["opportunities"], spring["won"]) == (
        123_456, 1, 1, 1, 1,
    )  # fmt: skip
    assert spring["revenue_minor"] == 1_000_001
    assert (spring["cost_per_lead_minor"], spring["cost_per_opportunity_minor"]) == (123_456, 123_456)
    assert spring["romi"] == pytest.approx((1_000_001 - 123_456) / 123_456 * 100, abs=0.06)
    assert (letter["cost_minor"], letter["sessions"], letter["revenue_minor"]) == (10_000, 1, 0)
    assert letter["cost_per_lead_minor"] is None
    assert row_of(last, "Letter")["revenue_minor"] == 1_000_001
    # Three touchpoints: the ad, the newsletter, the form. 1,000,001 cents: two thirds of a cent go to the earlier two.
    assert row_of(linear, "Spring search")["revenue_minor"] == 333_334
    assert row_of(linear, "Letter")["revenue_minor"] == 666_667
    by_unit = report(server, "first_touch", "business_unit")
    assert row_of(by_unit, "Nordics")["revenue_minor"] == 1_000_001


def check_page(ana: Colleague) -> None:
    page = ana.open("/reports/closed-loop/?model=first_touch")
    row = page.locator("tr", has_text="Spring search").first
    for figure in ("€1,235", "€10,000", "710 %"):
        expect(row).to_contain_text(figure)
    expect(page.locator("main")).to_contain_text("€10,000.01 credited")
