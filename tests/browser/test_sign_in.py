"""The ways in, as people see them."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
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


def sign_in_by_hand(page: Page, home: str = "") -> None:
    page.goto(f"{home}/account/login/")
    page.get_by_label("E-mail").fill("sales@nordwind.test")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()


def prove_it(page: Page) -> None:
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Confirm").click()


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


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
    page.get_by_label("E-mail").fill("sales@nordwind.test")
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


def test_somebody_sets_up_an_authenticator_app_and_needs_it_from_then_on(
    filled_site: Company, page: Page, shoot: Look
) -> None:
    complaints = Complaints(page)
    sign_in_by_hand(page)
    page.goto("/account/password/change/")
    shoot(page, "password")
    page.goto("/account/second-step/")
    shoot(page, "two_steps")
    with page.expect_navigation():
        page.get_by_role("link", name="Set up").click()
    shoot(page, "is_it_you")
    with page.expect_navigation():
        prove_it(page)
    shoot(page, "two_steps_app")
    secret = page.get_by_label("Authenticator secret").input_value()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    with page.expect_navigation():
        page.get_by_role("button", name="Activate").click()
    shoot(page, "two_steps_codes")
    assert secret not in str(list(Authenticator.objects.values()))
    page.context.clear_cookies()
    sign_in_by_hand(page)
    expect(page).to_have_url(re.compile("/account/second-step/authenticate/"))
    shoot(page, "second_step")
    assert complaints.all == []


def test_a_passkey_is_added_and_opens_the_door_alone(
    filled_site: Company, server: Server, page: Page, shoot: Look
) -> None:
    complaints = Complaints(page)
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    home = server.url.replace("127.0.0.1", "localhost")  # a passkey belongs to a name, not to a number
    sign_in_by_hand(page, home)
    page.goto(f"{home}/account/second-step/webauthn/add/")
    prove_it(page)
    shoot(page, "passkey_add")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    expect(page).not_to_have_url(re.compile("/webauthn/add/"))
    shoot(page, "passkey_added")
    page.context.clear_cookies()
    page.goto(f"{home}/account/login/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Today")
    assert complaints.all == []
