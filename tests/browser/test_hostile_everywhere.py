"""Hostile text through everything that is collected or typed; then Chromium opens every page that can show it.

No dialog opens, no policy is broken, nothing is fetched from elsewhere; in files for spreadsheets no cell is a formula.
The harness is tried on a page that is broken on purpose first.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db.models import Model
from django.http import HttpResponse
from django.template import engines
from django.template.loaders.locmem import Loader
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse
from playwright.sync_api import ConsoleMessage, Dialog, Page, Request

from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.campaigns.models import Activity, Campaign, CostLine, Form, TrackedLink
from loopline.huddles.models import Huddle
from loopline.leads.models import DefinitionVersion, Lead
from loopline.lib.sheets import safe_cell
from loopline.people.models import Company, Person
from loopline.pipeline.models import Opportunity
from loopline.store.current import use_engine
from loopline.sync.models import ImportRun
from loopline.web import collector, middleware
from tests.browser.conftest import SignIn
from tests.browser.hostile import PAYLOADS
from tests.browser.hostile_company import react, send_events, write_records
from tests.browser.server import Server
from tests.collect.station import Station, serving
from tests.make import make_unit, make_user, signed_in

pytestmark = pytest.mark.browser
OPENED = (collector.keys, collector.state, collector.log, collector.quarantine)
SHOWN: dict[str, type[Model]] = {
    "person_id": Person, "company_id": Company, "lead_id": Lead, "opportunity_id": Opportunity,
    "campaign_id": Campaign, "activity_id": Activity, "cost_id": CostLine, "form_id": Form, "run_id": ImportRun,
    "huddle_id": Huddle, "version_id": DefinitionVersion, "unit_id": BusinessUnit, "user_id": User,
}  # fmt: skip
"""Argument of a route → what it names."""
LEAVES_OUT = {"setup", "join", "demo_sign_in", "chart_bundle", "internal_events", "internal_report"}
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

    def open(self, address: str) -> None:
        self.page.goto(address)
        broken = self.page.evaluate("window.broken || []")
        self.all += [f"the policy was broken: {one}" for one in broken]

    def _dialog(self, dialog: Dialog) -> None:
        self.all.append(f"a dialog opened on {self.page.url}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
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


def addresses(client: Client, of_each: int) -> Iterator[tuple[str, HttpResponse]]:
    """Every page and file that answers GET, those of records for `of_each` of them, with its answer."""
    routes = [one for one in get_resolver().url_patterns if isinstance(one, URLPattern) and one.name]
    for route in routes:
        names = [*route.pattern.converters]
        if route.name in LEAVES_OUT or any(name not in SHOWN and name not in {"slug", "code"} for name in names):
            continue
        for values in _values(names, of_each):
            try:
                address = reverse(str(route.name), kwargs=values)
            except NoReverseMatch:
                continue
            answer = client.get(address)
            if answer.status_code == 200:
                yield address, answer


def _values(names: list[str], of_each: int) -> Iterator[dict[str, object]]:
    if not names:
        yield {}
    elif len(names) == 1:
        [name] = names
        given = {"slug": Form.objects.values_list("slug", flat=True), "code": TrackedLink.objects.none()}
        model = SHOWN.get(name)
        found = model._default_manager.order_by("-pk").values_list("pk", flat=True) if model else given[name]
        yield from ({name: pk} for pk in found[:: max(1, len(found) // of_each)][:of_each])


def more_addresses(station: Station) -> list[str]:
    """Pages that take values in the address, and those of events that were set aside."""
    [visitor] = station.engine.rows("SELECT max(visitor_id) AS id FROM events WHERE visitor_id LIKE '%<%'")
    aside = station.quarantine.waiting()[:3]
    return [
        f"{reverse('visitor')}?{urlencode({'id': str(visitor['id'])})}",
        f"{reverse('people')}?{urlencode({'q': PAYLOADS[0], 'unit': PAYLOADS[1], 'state': PAYLOADS[2]})}",
        f"{reverse('closed_loop')}?{urlencode({'by': 'source'})}",
        f"{reverse('closed_loop')}?{urlencode({'by': 'landing_page', 'model': 'time_decay'})}",
        f"{reverse('closed_loop_behind')}?{urlencode({'by': 'source', 'figure': 'leads', 'row': PAYLOADS[0]})}",
        f"{reverse('channel_explain')}?{urlencode({'url': PAYLOADS[0], 'referrer': PAYLOADS[1]})}",
        *(reverse("set_aside_event", args=[one.id]) for one in aside),
    ]


def cells_of(answer: HttpResponse) -> list[str]:
    text = answer.getvalue().decode()
    return [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]


def walk(harm: Harm, client: Client, station: Station, of_each: int) -> tuple[int, set[str]]:
    """Opens every page; how many, and which of the payloads they showed as plain text."""
    opened, shown = 0, set()
    for address, answer in addresses(client, of_each):
        if "csv" in answer.headers["Content-Type"]:
            assert [cell for cell in cells_of(answer) if safe_cell(cell) != cell] == []
        if "html" not in answer.headers["Content-Type"]:
            answer.close()
            continue
        text = answer.content.decode()
        shown |= {one for one in PAYLOADS if "<" in one and escape(one) in text}
        harm.open(address)
        opened += 1
    for address in more_addresses(station):
        harm.open(address)
        opened += 1
    for by in ("source", "campaign", "landing_page"):
        answer = client.get(reverse("closed_loop_download", kwargs={"form": "csv"}), {"by": by})
        assert [cell for cell in cells_of(answer) if safe_cell(cell) != cell] == []
    return opened, shown


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


@pytest.mark.slow
def test_hostile_text_is_only_text_on_every_page(
    unit: BusinessUnit, station: Station, sign_in: SignIn, tmp_path: Path
) -> None:
    assert len(PAYLOADS) >= 300
    send_events(station, unit, PAYLOADS)
    user = write_records(tmp_path, unit, PAYLOADS[::8])
    react(station)
    harm = Harm(sign_in(user))
    opened, shown = walk(harm, signed_in(user), station, of_each=1)
    assert harm.all == []
    assert opened > 70
    assert len(shown) > 60


@pytest.mark.slow
def test_hostile_text_is_only_text_on_every_page_of_everything(
    unit: BusinessUnit, station: Station, sign_in: SignIn, tmp_path: Path
) -> None:
    send_events(station, unit, PAYLOADS)
    user = write_records(tmp_path, unit, PAYLOADS)
    react(station)
    harm = Harm(sign_in(user))
    _, shown = walk(harm, signed_in(user), station, of_each=320)
    assert harm.all == []
    assert len(shown) > 150
