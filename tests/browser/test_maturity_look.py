"""The curves of cohort maturity say which line is what, on a desk and on a phone."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.store.current import engine
from tests.attribution.shelf import Shelf
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import Company
from tests.browser.watch import Complaints

pytestmark = pytest.mark.browser


def fill_cohorts(company: Company) -> None:
    """Leads of the last half year, every third of which is won after some weeks."""
    shelf, now, unit = Shelf(engine()), utc_now() - timedelta(minutes=1), str(company.units[0].pk)
    for number in range(90):
        created = now - timedelta(days=2 * number)
        shelf.lead(f"l{number}", "", created, unit_id=unit)
        won = created + timedelta(days=10 + number % 50)
        if number % 3 == 0 and won < now:
            shelf.won(f"o{number}", "", won, 900_00, unit_id=unit, lead_id=f"l{number}")
    shelf.store()


def test_the_curves_have_a_legend(filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    fill_cohorts(filled_site)
    page = sign_in(filled_site.users[Role.MARKETING])
    complaints = Complaints(page)
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/reports/library/cohort-maturity/")
        legend = page.locator("[data-chart=main] svg .role-legend")
        expect(legend.get_by_text("Each month", exact=True)).to_be_visible()
        expect(legend.get_by_text("All months", exact=True)).to_be_visible()
    shoot(page, "cohort_maturity")
    assert complaints.all == []
