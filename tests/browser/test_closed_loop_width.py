"""The closed loop on a small laptop: its last column, the return, is in sight without moving the table."""

import os
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.reports.dimension import DIMENSIONS
from loopline.store.current import engine
from tests.attribution.shelf import Shelf
from tests.browser.conftest import SignIn
from tests.browser.records import Company

pytestmark = pytest.mark.browser
LONG = "/resources/whitepapers/how-labs-of-the-north-qualify-their-instruments-in-half-the-time"


def fill_a_year(company: Company) -> None:
    """Campaigns with a long name, tens of thousands of euros and shared credit, and a cost line without an exchange
    rate; visitors come to a page with a long address."""
    shelf, now, unit = Shelf(engine()), utc_now() - timedelta(minutes=1), str(company.units[0].pk)
    for key in ("linkedin", "search", "mail"):
        shelf.campaign(key, key, unit=unit)
        shelf.fact("campaign_facts", key, unit_id=unit, name=f"{key.title()} · lab managers of the North",
                   channel="Paid Search", status="running", currency="EUR")  # fmt: skip
        shelf.cost(key, key, 141_307_00, (now - timedelta(days=35)).date(), now.date(), unit_id=unit)
    shelf.cost("francs", "search", None, now.date(), unit_id=unit, currency="CHF")
    for number in range(1_200):
        person, at = f"buyer-{number}", now - timedelta(days=30 - number % 9)
        shelf.person(person, person)
        for key in ("linkedin", "search", "mail"):
            shelf.touch(f"{key}{number}{at}", f"visitor:{person}", at, unit_id=unit, utm_campaign=key, utm_source=key,
                        channel="Paid Search", kind="page", url_path=LONG, landing_path=LONG)  # fmt: skip
            at += timedelta(hours=3)
        shelf.lead(f"l{number}", person, now - timedelta(days=12), unit_id=unit)
        shelf.won(f"o{number}", person, now - timedelta(days=2), 2_630_00, unit_id=unit, lead_id=f"l{number}")
    shelf.store()


def test_every_column_is_in_sight_whatever_a_row_is(filled_site: Company, sign_in: SignIn) -> None:
    """All rows that there are in `make test-slow`; in every run those of long names, of many columns and of few."""
    fill_a_year(filled_site)
    page = sign_in(filled_site.users[Role.MARKETING])
    beyond = {}
    for by in DIMENSIONS if os.environ.get("LOOPLINE_LOOK") == "all" else ("campaign", "content", "landing_page"):
        page.goto(f"/reports/closed-loop/?period=last_90_days&by={by}")
        table = page.locator("#rows")
        expect(table.get_by_role("columnheader", name="ROMI")).to_be_visible()
        for width in (1280, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            if more := table.evaluate("one => one.scrollWidth - one.clientWidth"):
                beyond[by, width] = more
    assert beyond == {}
