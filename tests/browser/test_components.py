"""Parts that every page shares, as they stand on real pages."""

import pytest
from playwright.sync_api import Page, expect

from loopline.access.roles import Role
from tests.browser.conftest import SignIn
from tests.browser.records import Company

pytestmark = pytest.mark.browser
NARROW = {"width": 390, "height": 844}


def is_in_view(page: Page, strip: str) -> bool:
    return bool(page.evaluate("""strip => {
        const here = document.querySelector(strip).getBoundingClientRect();
        const there = document.querySelector(strip + " [aria-current]").getBoundingClientRect();
        return there.left >= here.left - 1 && there.right <= here.right + 1;
    }""", strip))  # fmt: skip


def test_the_current_tab_is_in_view_and_a_faded_edge_says_there_is_more(filled_site: Company, sign_in: SignIn) -> None:
    page = sign_in(filled_site.users[Role.ADMINISTRATOR])
    page.set_viewport_size(NARROW)
    page.goto("/settings/audit/")
    tabs = page.locator(".tabs")
    assert is_in_view(page, ".tabs")
    expect(tabs).to_have_attribute("data-more", "before")
    tabs.evaluate("strip => { strip.scrollLeft = 0 }")
    expect(tabs).to_have_attribute("data-more", "after")
    page.evaluate("document.dispatchEvent(new Event('htmx:afterSettle'))")
    assert tabs.evaluate("strip => strip.scrollLeft") == 0, "a part that came anew moves nothing that was scrolled"
    page.set_viewport_size({"width": 700, "height": 844})
    expect(tabs).to_have_attribute("data-more", "before")
    assert is_in_view(page, ".tabs")
    page.set_viewport_size({"width": 1600, "height": 844})
    expect(tabs).not_to_have_attribute("data-more", "before")


def test_what_a_finger_meets_is_large_enough(filled_site: Company, sign_in: SignIn) -> None:
    page = sign_in(filled_site.users[Role.ADMINISTRATOR])
    page.set_viewport_size(NARROW)
    for path in ("/people/", "/settings/keys/", "/settings/units/"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.ok
        low = page.evaluate("""() => [...document.querySelectorAll("main .button")]
            .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 36)
            .map((one) => one.textContent.trim())""")
        assert low == [], path
