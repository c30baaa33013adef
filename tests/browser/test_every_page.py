"""Every address of the sitemap that needs no argument: looked at as an administrator, in every width and theme."""

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from loopline.access.roles import Role
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import Company
from tests.browser.watch import Complaints

pytestmark = pytest.mark.browser

NEED_A_QUERY = {"interaction_new", "pages_behind", "visitor"}
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
