from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from loopline.collect.keys import KeyKind, NewKey
from tests.collect.site import Site
from tests.collect.station import Station, serving
from tests.ports import free_port


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    one = Station(tmp_path)
    with serving(one.collector) as url:
        one.url = url
        yield one
    one.close()


@pytest.fixture
def site(station: Station) -> Iterator[Site]:
    new = NewKey("tests", KeyKind.BROWSER, "unit-1", allow_automation=True)
    station.keys.create(new, plain="tests")
    one = Site(station.url)
    port = free_port()
    with serving(one, port):
        one.url = f"http://localhost:{port}"
        yield one


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context()
    yield opened
    opened.close()
