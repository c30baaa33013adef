"""Hostile text through everything that is collected or typed; then Chromium opens every page that can show it.

No dialog opens, no policy is broken, nothing is fetched from elsewhere; in files for spreadsheets no cell is a formula.
The harness is tried on a page that is broken on purpose first.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from django.template import engines
from django.template.loaders.locmem import Loader
from django.urls import reverse
from playwright.sync_api import ConsoleMessage, Dialog, Page, Request

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.people.models import Person
from loopline.store.current import use_engine
from loopline.web import collector, middleware
from tests.browser.conftest import SignIn
from tests.browser.hostile import PAYLOADS
from tests.browser.hostile_company import react, send_events, write_records
from tests.browser.hostile_walk import GIVEN, Walk
from tests.browser.server import Server
from tests.collect.station import Station, serving
from tests.make import make_unit, make_user, signed_in

pytestmark = pytest.mark.browser
OPENED = (collector.keys, collector.state, collector.log, collector.quarantine)
_REPORTS = "addEventListener('securitypolicyviolation', e => (window.broken ??= []).push(e.violatedDirective));"


@dataclass
class Harm:
    """What a page does that no page may do."""

    page: Page

    def __post_init__(self) -> None:
        self.all: list[str] = []
        self.page.add_init_script(_REPORTS)
        self.page.on("dialog", self._dialog)
        self.page.on("console", self._console)
        self.page.on("request", self._request)

    def open(self, address: str) -> tuple[str, list[str]]:
        """The page as it came, and what it links to."""
        answer = self.page.goto(address)
        assert answer is not None
        found = self.page.evaluate("({broken: window.broken || [], links: [...document.links].map(one => one.href)})")
        self.all += [f"{address}: the policy was broken: {one}" for one in found["broken"]]
        own = self.page.url.partition("//")[0] + "//" + self.page.url.partition("//")[2].partition("/")[0]
        return answer.text(), [one.removeprefix(own) for one in found["links"]]

    def _dialog(self, dialog: Dialog) -> None:
        self.all.append(f"a dialog opened on {self.page.url}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not (
            message.text.startswith("Failed to load resource")
            and message.location.get("url", "").endswith((self.page.url, "/favicon.ico"))
        ):  # a page that says itself what it refuses; what Chromium asks for beside a file of JSON
            self.all.append(f"{self.page.url}: {message.text[:300]}")

    def _request(self, request: Request) -> None:
        if "evil.invalid" in request.url.partition("?")[0].partition("//")[2].partition("/")[0]:
            self.all.append(f"{self.page.url} asked for {request.url[:200]}")


@pytest.fixture
def unit(site: Server, tmp_path: Path, settings: Any) -> Iterator[BusinessUnit]:
    """A business unit with a collector of its own, whose store and folder are those of the pages."""
    for one in OPENED:
        one.cache_clear()
    settings.CONFIG = replace(settings.CONFIG, data=tmp_path)
    yield make_unit("Nordics")
    for one in OPENED:
        one.cache_clear()


@pytest.fixture
def station(unit: BusinessUnit, tmp_path: Path) -> Iterator[Station]:
    station = Station(tmp_path)
    with serving(station.collector) as station.url:
        use_engine(station.engine)
        yield station
    station.close()


def test_the_harness_sees_a_page_that_does_not_escape(
    unit: BusinessUnit, station: Station, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user(Role.ADMINISTRATOR, unit=unit)
    person = Person.objects.create(unit=unit, name="<img src=x onerror=alert(1)>", email="x@halden.example")
    engine = engines["django"].engine
    source = (Path(middleware.__file__).parent / "templates/people/_facts.html").read_text()
    planted = source.replace("<h2>About</h2>", "<h2>About {{ person.name|safe }}</h2>", 1)
    assert planted != source
    planting = Loader(engine, {"people/_facts.html": planted})
    monkeypatch.setattr(engine, "template_loaders", [planting, *engine.template_loaders])
    harm = Harm(sign_in(user))
    address = reverse("person", args=[person.pk])
    harm.open(address)
    assert any("policy" in one.lower() for one in harm.all), harm.all
    monkeypatch.setattr(middleware, "content_security_policy", lambda *_: "")
    harm.all.clear()
    harm.open(address)
    assert any("dialog" in one for one in harm.all), harm.all


def test_the_walk_can_ask_for_the_arguments_of_every_page(station: Station) -> None:
    """The walk itself is slow and runs seldom; what it asks of records must keep up with them."""
    for values in GIVEN.values():
        list(values(station))  # a field that is gone raises


@pytest.mark.slow
def test_hostile_text_is_only_text_on_every_page(
    unit: BusinessUnit, station: Station, sign_in: SignIn, tmp_path: Path
) -> None:
    assert len(PAYLOADS) >= 300
    send_events(station, unit, PAYLOADS)
    user = write_records(tmp_path, unit, PAYLOADS)
    react(station)
    harm, walk = Harm(sign_in(user)), Walk(signed_in(user), station)
    for address in walk.addresses():
        walk.page_showed(address, *harm.open(address))
    assert harm.all + walk.troubles == []
    unseen = {one for one in PAYLOADS if "<" in one and len(one) < 150 and one.isprintable()} - walk.shown
    assert unseen == set()
