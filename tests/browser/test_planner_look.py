"""The budget planner with curves, a proposal and rows that teach nothing, in every width and theme."""

import pytest
from django.urls import reverse

from loopline.access.roles import Role
from loopline.store.engine import Engine
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import Company
from tests.browser.watch import Complaints
from tests.reports.test_budget_planner import PAGE, two_channels

pytestmark = pytest.mark.browser


def test_curves_a_proposal_and_refusals(
    filled_site: Company, event_store: Engine, sign_in: SignIn, shoot: Look
) -> None:
    two_channels(event_store, unit=str(filled_site.units[0].pk))
    page = sign_in(filled_site.users[Role.MARKETING])
    complaints = Complaints(page)
    page.goto(f"{reverse('planner')}?from={PAGE['from']}&to={PAGE['to']}&total=550&within=20")
    page.get_by_text("Proposed:").first.wait_for()
    shoot(page, "planner-curves")
    assert complaints.all == []
