"""Every address of the sitemap that needs no argument: looked at as an administrator, in every width and theme.

And the pages behind signed links, which no sitemap leads to: looked at by whoever has the link, without a password.
"""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from playwright.sync_api import Page

from loopline.access.roles import Role
from loopline.huddles import homework, scorecard_mail
from loopline.huddles.actions import close_huddle
from loopline.huddles.models import Homework
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import Company
from tests.browser.test_huddle_look import an_open_one, weekly
from tests.browser.watch import Complaints

pytestmark = pytest.mark.browser

NEED_A_QUERY = {"interaction_new", "pages_behind", "stored_event", "visitor"}
"""Pages that say 404 without values in the address."""


def plain_pages() -> list[str]:
    """Names of routes of our own that take no argument and say who may open them."""
    routes = [one for one in get_resolver().url_patterns if isinstance(one, URLPattern)]
    plain = [
        one for one in routes if one.name and not one.pattern.regex.groups and hasattr(one.callback, "permissions")
    ]
    return [str(one.name) for one in plain if one.name not in NEED_A_QUERY]


@pytest.mark.parametrize("name", plain_pages())
def test_a_page_is_sound_in_every_width_and_theme(
    name: str, filled_site: Company, sign_in: SignIn, shoot: Look
) -> None:
    client = Client()
    client.force_login(filled_site.users[Role.ADMINISTRATOR])
    answer = client.get(reverse(name), follow=True)
    if answer.status_code == 405 or "text/html" not in answer.headers["Content-Type"]:
        pytest.skip("takes only POST, or gives no page")
    assert answer.status_code == 200
    page = sign_in(filled_site.users[Role.ADMINISTRATOR])
    complaints = Complaints(page)
    page.goto(reverse(name))
    shoot(page, name)
    assert complaints.all == []


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
