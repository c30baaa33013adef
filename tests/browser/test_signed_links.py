"""The pages behind signed links, which no sitemap leads to: looked at by whoever has the link, without a password."""

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from loopline.access.roles import Role
from loopline.huddles import homework, scorecard_mail
from loopline.huddles.actions import close_huddle
from loopline.huddles.models import Homework
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from tests.browser.look import Look
from tests.browser.records import Company
from tests.browser.test_huddle_look import an_open_one, weekly
from tests.browser.watch import Complaints

pytestmark = pytest.mark.browser


def test_a_scorecard_is_sound_behind_its_link(filled_site: Company, page: Page, shoot: Look) -> None:
    huddle, seller = an_open_one(filled_site), filled_site.users[Role.SALES]
    now = utc_now()
    for number, lead in enumerate(filled_site.leads):
        answer = {"state": "rejected", "rejected_at": now, "reason": Lead.Reason.NOT_A_BUYER}
        more = answer if number < 2 else {"state": "accepted", "accepted_at": now}
        Lead.objects.filter(pk=lead.pk).update(owner=seller, handed_over_at=now - timedelta(hours=4), **more)
    close_huddle(huddle, carry_over=True, by=filled_site.users[Role.MARKETING].actor)
    complaints = Complaints(page)
    page.goto(reverse("scorecard_link", args=[scorecard_mail.token_of(huddle, seller)]))
    shoot(page, "scorecard_link")
    assert complaints.all == []


def test_the_homework_is_sound_with_everything_that_a_reason_asks_for(
    filled_site: Company, page: Page, shoot: Look
) -> None:
    given = Homework.objects.create(
        series=weekly(filled_site), user=filled_site.users[Role.SALES], meeting_at=utc_now(),
        expires_at=utc_now() + timedelta(hours=1),
    )  # fmt: skip
    complaints = Complaints(page)
    page.goto(reverse("homework", args=[homework.token_of(given)]))
    for number, reason in enumerate((Lead.Reason.BELOW_DEFINITION, Lead.Reason.TIMING, Lead.Reason.DUPLICATE)):
        form = page.locator("section.homework").nth(number)
        form.locator("summary").click()
        form.get_by_label("Reason").select_option(reason.value)
    shoot(page, "homework_reasons")
    assert complaints.all == []
