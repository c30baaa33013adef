"""The sample site and its embedded form in a real browser: another origin, a strict policy, a captured lead."""

import importlib.util
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Page

from loopline.access.models import Organisation
from loopline.campaigns.models import Submission
from loopline.leads.models import Lead
from tests.browser.server import Server
from tests.browser.watch import Complaints
from tests.make import make_form, make_unit

pytestmark = pytest.mark.browser
SERVE = Path(__file__).parents[2] / "examples" / "site" / "serve.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_site", SERVE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # The dataclass of the module looks itself up by its name.
    sys.modules["sample_site"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sample(site: Server) -> Iterator[str]:
    server = _load().make_server(0, site.url, "demo-europe")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_the_embedded_form_captures_a_lead_with_the_values_of_the_visit(sample: str, page: Page) -> None:
    make_form("demo", unit=make_unit())
    organisation = Organisation.current()
    organisation.own_hosts = ["127.0.0.1"]
    organisation.save()
    complaints = Complaints(page)
    page.goto(f"{sample}/contact?utm_source=google&utm_medium=cpc&utm_campaign=spring")
    frame = page.frame_locator("iframe.loopline-form")
    frame.get_by_role("textbox", name="E-mail").fill("ines@halden.example")
    frame.get_by_role("textbox", name="Name").fill("Ines Okafor")
    page.wait_for_timeout(1_200)
    frame.get_by_role("button", name="Send").click()
    frame.get_by_role("heading", name="Thank you").wait_for()
    assert page.locator("iframe.loopline-form").get_attribute("title") == "Ask for a demo"
    height = page.locator("iframe.loopline-form").evaluate("frame => frame.clientHeight")
    assert 100 < height < 480
    submission = Submission.objects.get()
    assert submission.verdict == "genuine"
    assert submission.landing["utm_campaign"] == "spring"
    assert submission.landing["page_url"] == f"{sample}/contact?utm_source=google&utm_medium=cpc&utm_campaign=spring"
    assert Lead.objects.get().person.email == "ines@halden.example"
    # Only the pages are served here, without the collector and its tracker.
    assert [one for one in complaints.all if "/t.js" not in one] == []


def test_no_other_site_may_frame_the_form(sample: str, page: Page) -> None:
    make_form("demo", unit=make_unit())
    complaints = Complaints(page)
    page.goto(f"{sample}/contact")
    page.wait_for_timeout(500)
    assert page.frame_locator("iframe.loopline-form").get_by_role("textbox").count() == 0
    assert any("frame-ancestors" in one for one in complaints.all)


@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_of_the_site_fits_its_window(sample: str, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for address in _load().read_pages():
        answer = page.goto(sample + address)
        assert answer is not None
        assert answer.status == 200
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wider) <= 0, address
        assert page.locator("h1").count() == 1
