"""The page of campaign codes on a phone: a code stands on one line, whatever its campaign and activity are called."""

import pytest

from loopline.access.actor import SYSTEM
from loopline.access.roles import Role
from loopline.campaigns.actions import ActivityPlan, add_activity
from loopline.campaigns.codes import map_code
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import Company
from tests.make import make_campaign

pytestmark = pytest.mark.browser


def test_a_code_stays_whole_beside_long_names(filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    campaign = make_campaign(unit=filled_site.units[0], name="Spring webinar series for lab managers")
    activity = add_activity(campaign, ActivityPlan("Three evenings on calibration", "webinar"), by=SYSTEM)
    map_code(campaign, "webinar_spring", activity=activity, by=SYSTEM)
    page = sign_in(filled_site.users[Role.MARKETING])
    page.goto("/campaigns/codes/")
    code = page.locator("li code", has_text="webinar_spring")
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        wide, lines = code.evaluate("one => [one.offsetWidth, one.getClientRects().length]")
        assert wide > 0, width
        assert lines == 1, width
    shoot(page, "campaign_codes")
