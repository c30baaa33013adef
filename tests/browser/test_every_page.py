"""Every address of the sitemap that needs no argument: looked at as an administrator, in every width and theme."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker

from loopline.access.roles import Role
from loopline.store.current import use_engine
from loopline.store.engine import Engine
from tests.browser.look import Look
from tests.browser.records import Company, fill
from tests.browser.server import Server
from tests.browser.watch import Complaints
from tests.chromium import PATIENCE_MS

pytestmark = pytest.mark.browser

NEED_A_QUERY = {"interaction_new", "pages_behind", "stored_event", "visitor"}
"""Pages that say 404 without values in the address."""
WITHOUT_A_PAGE = {
    "code_choose": "takes a code", "find": "JSON for the search field", "identity_block": "blocks an identity",
    "identity_start_anew": "starts an identity anew", "incoming_replay": "replays events",
    "incoming_retry": "tries signals again", "machine_verdict": "judges a visitor",
    "planner_keep": "keeps a plan", "task_new": "makes a task", "undelivered_again": "sends again",
    "weekly_sql": "a file of SQL",
}  # fmt: skip
"""Routes that answer nothing to look at → what they do instead."""


def plain_pages() -> list[str]:
    """Names of routes of our own that take no argument and say who may open them."""
    routes = [one for one in get_resolver().url_patterns if isinstance(one, URLPattern)]
    plain = [
        one for one in routes if one.name and not one.pattern.regex.groups and hasattr(one.callback, "permissions")
    ]
    return [str(one.name) for one in plain if one.name not in NEED_A_QUERY | WITHOUT_A_PAGE.keys()]


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The records of all these tests; pytest-django's own fixture of this name would empty them after each."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(scope="module")
def company(event_store: Engine, transactional_db: None) -> Iterator[Company]:
    """One company for all pages: they are only looked at."""
    use_engine(event_store)
    yield fill()
    use_engine(None)


@pytest.fixture(scope="module")
def client(company: Company) -> Client:
    client = Client()
    client.force_login(company.users[Role.ADMINISTRATOR])
    return client


@pytest.fixture(scope="module")
def tab(browser: Browser, server: Server, client: Client) -> Iterator[Page]:
    """One tab for all pages: each new one is a new process, which fetches and compiles everything anew.

    What the page before still had to complain of fails the next one; the complaint names its address.
    """
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    context.add_cookies(
        [{"name": name, "value": morsel.value, "url": server.url} for name, morsel in client.cookies.items()]
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", plain_pages())
def test_a_page_is_sound_in_every_width_and_theme(name: str, tab: Page, shoot: Look) -> None:
    complaints = Complaints(tab)
    answer = tab.goto(reverse(name))
    assert answer is not None
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "text/html")
    shoot(tab, name)
    assert complaints.all == []
