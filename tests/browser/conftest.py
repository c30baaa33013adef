"""A real Chromium in front of the real application.

    def test_a_salesperson_accepts_a_lead(site, sign_in, shoot):
        page = sign_in(user)            # a page of a browser in which this user is signed in
        page.goto("/leads/")
        shoot(page, "leads")            # axe and overflow, wide and narrow, in both themes

`site` is the running application with no records, `filled_site` one with a small company; emptied after each test.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from loopline.access.models import User
from loopline.store.current import use_engine
from loopline.store.engine import Engine
from tests.browser.look import Look
from tests.browser.records import Company, fill
from tests.browser.server import Server
from tests.chromium import PATIENCE_MS
from tests.engines import empty_duckdb

SignIn = Callable[..., Page]


@pytest.fixture(scope="session")
def event_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = empty_duckdb(tmp_path_factory.mktemp("browser") / "events.duckdb")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The application, served by uvicorn in a thread."""
    with Server() as running:
        yield running


@pytest.fixture
def site(server: Server, event_store: Engine, transactional_db: None) -> Iterator[Server]:
    """The running application with no records; its store is set anew, since other tests have stores of their own."""
    use_engine(event_store)
    yield server
    use_engine(None)


@pytest.fixture
def filled_site(site: Server) -> Company:
    return fill()


@pytest.fixture
def context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page of a browser in which nobody is signed in."""
    return context.new_page()


@pytest.fixture
def sign_in(context: BrowserContext, server: Server) -> SignIn:
    """`sign_in(user)`: a page in which this user is signed in."""

    def open_page(user: User) -> Page:
        client = Client()
        client.force_login(user)
        context.clear_cookies()
        for name, morsel in client.cookies.items():
            context.add_cookies([{"name": name, "value": morsel.value, "url": server.url}])
        return context.new_page()

    return open_page


@pytest.fixture
def shoot() -> Look:
    """`shoot(page, name)`: look at the open page wide and narrow, light and dark, and fail on what is wrong with it."""
    return Look(Path(__file__).parents[1] / "screenshots")
