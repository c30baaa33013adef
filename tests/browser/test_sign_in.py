"""The ways in, as people see them."""

import re

import pytest
from django.test import override_settings
from playwright.sync_api import Page, expect

from loopline.access.models import AuditEntry, User
from loopline.access.setup import setup_token
from loopline.lib.config import read_config
from tests.browser.look import Look
from tests.browser.records import Company
from tests.browser.server import Server
from tests.browser.watch import Complaints

pytestmark = pytest.mark.browser

DEMO = read_config({"LOOPLINE_DEMO": "1"})


def test_the_first_visit_says_how_to_begin_and_the_link_sets_everything_up(
    site: Server, page: Page, shoot: Look
) -> None:
    complaints = Complaints(page)
    page.goto("/")
    expect(page).to_have_url(re.compile("/welcome/$"))
    shoot(page, "welcome")
    page.goto(f"/setup/{setup_token()}/")
    shoot(page, "setup")
    page.get_by_label("Your name").fill("Ada Berg")
    page.get_by_label("Your e-mail address").fill("Ada@Nordwind.test")
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_label("Organisation").fill("Nordwind")
    page.get_by_label("First business unit").fill("Nordics")
    page.get_by_label("Time zone").select_option("Europe/Oslo")
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Today")
    assert User.objects.get().email == "ada@nordwind.test"
    assert complaints.all == []


def test_somebody_signs_in_with_their_password_and_out_again(filled_site: Company, page: Page, shoot: Look) -> None:
    complaints = Complaints(page)
    page.goto("/")
    shoot(page, "sign_in")
    page.get_by_label("Email").fill("sales@nordwind.test")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Today")
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in")
    assert list(AuditEntry.objects.values_list("verb", flat=True))[-2:] == ["signed in", "signed out"]
    assert complaints.all == []


def test_in_demo_mode_one_click_signs_in_as_a_demo_person(filled_site: Company, page: Page, shoot: Look) -> None:
    User.objects.update(is_demo=True)
    with override_settings(CONFIG=DEMO):
        page.goto("/")
        shoot(page, "sign_in_demo")
        page.get_by_role("button", name="Marketing Berg").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Today")
