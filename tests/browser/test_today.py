"""Today, as each role sees it."""

import pytest
from playwright.sync_api import expect

from loopline.access.roles import Role
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import Company

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("role", list(Role))
def test_today_is_sound_for_every_role(role: Role, filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    page = sign_in(filled_site.users[role])
    page.goto("/")
    expect(page.get_by_label("This month")).to_contain_text("Balanced")
    shoot(page, f"today_{role.value}")


def test_the_palette_opens_with_the_keyboard_and_finds_a_person(filled_site: Company, sign_in: SignIn) -> None:
    page = sign_in(filled_site.users[Role.SALES])
    page.goto("/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("task")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Tasks")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/")


def test_the_theme_is_chosen_without_a_reload_and_kept(filled_site: Company, sign_in: SignIn) -> None:
    page = sign_in(filled_site.users[Role.SALES])
    page.goto("/")
    page.locator(".user-menu summary").click()
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/tasks/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_menu_of_a_small_screen_opens_over_the_page(filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    page = sign_in(filled_site.users[Role.ADMINISTRATOR])
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/")
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Settings")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Settings")).to_be_hidden()


def test_the_figures_of_the_month_come_after_the_page_and_balance(filled_site: Company, sign_in: SignIn) -> None:
    page = sign_in(filled_site.users[Role.FINANCE])
    page.goto("/")
    expect(page.get_by_label("This month")).to_contain_text("Balanced")


def test_a_figure_that_does_not_come_is_said_and_the_rest_of_the_page_stays(
    filled_site: Company, sign_in: SignIn
) -> None:
    page = sign_in(filled_site.users[Role.SALES])
    page.route("**/today/figures/", lambda route: route.fulfill(status=503, body="no"))
    page.goto("/")
    expect(page.get_by_label("This month")).to_contain_text("could not be counted")
    expect(page.get_by_role("link", name="Ines Okafor").first).to_be_visible()
