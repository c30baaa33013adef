"""Every address of the sitemap that needs no argument: looked at as an administrator, in every width and theme."""

import pytest
from django.urls import URLPattern, get_resolver, reverse

from loopline.access.roles import Role
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import Company
from tests.browser.watch import Complaints

pytestmark = pytest.mark.browser


def plain_pages() -> list[str]:
    """Names of routes of our own that take no argument and answer GET with a page."""
    routes = [one for one in get_resolver().url_patterns if isinstance(one, URLPattern)]
    names = [one.name for one in routes if one.name and hasattr(one.callback, "permissions")]
    return [name for name in names if name not in NO_PAGES and _needs_nothing(name)]


NO_PAGES = {"find"}


def _needs_nothing(name: str) -> bool:
    pattern = next(one for one in get_resolver().url_patterns if getattr(one, "name", None) == name)
    return not pattern.pattern.converters


@pytest.mark.parametrize("name", plain_pages())
def test_a_page_is_sound_in_every_width_and_theme(
    name: str, filled_site: Company, sign_in: SignIn, shoot: Look
) -> None:
    page = sign_in(filled_site.users[Role.ADMINISTRATOR])
    complaints = Complaints(page)
    answer = page.goto(reverse(name))
    assert answer is not None
    if answer.status == 405 or "text/html" not in answer.headers.get("content-type", ""):
        pytest.skip("takes only POST, or gives no page")
    assert answer.status == 200
    shoot(page, name)
    assert complaints.all == []
