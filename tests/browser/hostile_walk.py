"""Every address at which hostile text can be shown: the sitemap with a company's records, and the links found there.

A page is opened once or twice for each route and kind of question (`?tab=`, `?card=`, `?by=`), and the pages of a list
until all of it was seen: many payloads stand on one page.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from itertools import islice
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import NoReverseMatch, Resolver404, URLPattern, get_resolver, resolve, reverse

from loopline.access.models import BusinessUnit, ExchangeRate, OwnModelVersion, User
from loopline.campaigns.models import Activity, Campaign, CostLine, Form, Submission
from loopline.collect.arrived import newest
from loopline.experiments.models import Experiment
from loopline.huddles import scorecard_mail
from loopline.huddles.homework import token_of
from loopline.huddles.models import Decision, Homework, Huddle, HuddleSeries
from loopline.leads.models import DefinitionVersion, Lead
from loopline.lib.sheets import safe_cell
from loopline.people.models import Company, Person
from loopline.pipeline.models import Opportunity
from loopline.privacy.models import Erasure
from loopline.reporting.models import FrozenRun
from loopline.reports.catalogue import REPORTS
from loopline.routing.models import RoutingRule, Team
from loopline.sync.models import ImportRun
from loopline.web import collector
from loopline.web.dashboards import DASHBOARDS
from tests.browser.hostile import PAYLOADS
from tests.collect.station import Station

OF_EACH = 2
"""Records of one kind, and addresses of one route with the same questions."""
FOUND_OF_A_ROUTE = 4
"""Addresses of one route that are opened because a page links to them."""
PAGES_OF_A_LIST = 20
NOWHERE = "0190a000-0000-7000-8000-000000000000"
WITHOUT_A_PAGE = {
    "setup": "its token is used up", "join": "its token is used up", "demo_sign_in": "only in the demo",
    "chart_bundle": "a script of ours", "account_login": "nobody is signed in twice",
    "mail_click": "leads elsewhere", "mail_open": "a picture", "short_link": "leads elsewhere",
    "experiment_arm": "JSON for whoever has a write key", "api": "JSON for whoever has an access token",
    "today_figures": "a part of Today", "settings": "leads to its first page", "import_new": "leads to the imports",
    "dashboards": "leads to one of them", "report_sql": "a file of SQL", "weekly_sql": "a file of SQL",
    "all_reports": "leads to the library",
    "welcome": "before the first person", "account_email": "is gone", "account_reset_password": "is gone",
}  # fmt: skip
"""Routes that are not opened → why."""

Values = Callable[[Station], Iterable[object]]


def _records(model: type) -> Values:
    def keys(_station: Station) -> Iterable[object]:
        found = list(model._default_manager.order_by("pk").values_list("pk", flat=True))  # type: ignore[attr-defined]
        return [found[0], found[-1]] if len(found) > 1 else found

    return keys


GIVEN: dict[str, Values] = {
    "person_id": _records(Person), "company_id": _records(Company), "lead_id": _records(Lead),
    "opportunity_id": _records(Opportunity), "campaign_id": _records(Campaign), "activity_id": _records(Activity),
    "cost_id": _records(CostLine), "form_id": _records(Form), "submission_id": _records(Submission),
    "run_id": _records(ImportRun), "huddle_id": _records(Huddle), "series_id": _records(HuddleSeries),
    "decision_id": _records(Decision), "version_id": _records(DefinitionVersion), "unit_id": _records(BusinessUnit),
    "user_id": _records(User), "rate_id": _records(ExchangeRate),
    "rule_id": lambda _: ["new", "last", *RoutingRule.objects.values_list("pk", flat=True)[:OF_EACH]],
    "team_id": lambda _: ["new", *Team.objects.values_list("pk", flat=True)[:OF_EACH]],
    "slug": lambda _: Form.objects.values_list("slug", flat=True)[:OF_EACH],
    "code": lambda _: Experiment.objects.values_list("code", flat=True)[:OF_EACH],
    "erasure_id": _records(Erasure), "experiment_id": _records(Experiment), "arm": lambda _: ["holdout", "treated"],
    "turn": lambda _: ["start"],
    "own_key": lambda _: OwnModelVersion.objects.values_list("key", flat=True)[:OF_EACH],
    "frozen_id": _records(FrozenRun),
    "dashboard_key": lambda _: DASHBOARDS,
    "token": lambda _: [token_of(one) for one in Homework.objects.all()[:OF_EACH]],
    "scorecard_token": lambda _: [
        scorecard_mail.token_of(huddle, user)
        for huddle in Huddle.objects.filter(closed_at__isnull=False)[:OF_EACH]
        for user in User.objects.filter(role="sales", units=huddle.unit)[:OF_EACH]
    ],
    "key": lambda _: [one for one in REPORTS if one != "closed-loop"],
    "kind": lambda _: ["won.without-rate", "cost.negative-cost", "open.without-amount", PAYLOADS[0].replace("/", "")],
    "form": lambda _: ["csv", "json"],
    "key_id": lambda station: [one.id for one in station.keys.list()],
    "seq": lambda station: [one.id for one in station.quarantine.waiting()[:3]],
    "number": lambda _: [one.seq for one in islice(newest(collector.log(), 200), 0, 200, 29)],
    "place": lambda _: [1, 2], "side": lambda _: ["sales"],
}  # fmt: skip
"""Argument of a route → values of it."""


def asked_of_pages(station: Station) -> dict[str, list[dict[str, object]]]:
    """Route → what is asked of it in its address, beyond what links ask."""
    visitors = station.engine.rows(
        "SELECT visitor_id AS id, count(*) AS n FROM events WHERE visitor_id <> '' GROUP BY 1 ORDER BY n DESC LIMIT 1"
    ) + station.engine.rows("SELECT max(visitor_id) AS id FROM events WHERE visitor_id LIKE '%<%'")
    events: list[dict[str, object]] = station.engine.rows(
        "SELECT max(event_id) AS id FROM events WHERE properties LIKE '%<%' GROUP BY kind ORDER BY id LIMIT 2"
    )
    [page] = station.engine.rows("SELECT max(url_path) AS path, max(url_host) AS host FROM events WHERE url_path <> ''")
    person = Person.objects.order_by("pk").values_list("pk", flat=True)
    return {
        "visitor": [{"id": one["id"]} for one in visitors],
        "stored_event": events,
        "pages_behind": [dict(page)],
        "people": [{"q": PAYLOADS[0], "unit": PAYLOADS[1], "state": PAYLOADS[2]}],
        "companies": [{"q": PAYLOADS[3], "sort": PAYLOADS[4]}],
        "campaigns": [{"q": PAYLOADS[5], "unit": PAYLOADS[1]}, {"status": "all"}],
        "leads": [{"tab": "queue", "q": PAYLOADS[6]}, {"whose": PAYLOADS[1], "tab": PAYLOADS[2]}],
        "find": [{"q": "alert"}, {"q": PAYLOADS[0]}],
        "pages": [{"q": PAYLOADS[7]}],
        "visitors": [{"channel": PAYLOADS[0], "page": PAYLOADS[1]}],
        "live_events": [{"source": PAYLOADS[0], "kind": PAYLOADS[1]}],
        "machines": [{"visitor": PAYLOADS[0]}],
        "incoming": [{"reason": PAYLOADS[0]}],
        "channels": [{"visit": PAYLOADS[0]}],
        "channel_explain": [{"url": PAYLOADS[0], "referrer": PAYLOADS[1]}],
        "closed_loop": [{"by": one} for one in ("source", "campaign", "landing_page", "channel", "keyword")]
        + [{"by": PAYLOADS[0], "period": PAYLOADS[1]}],
        "closed_loop_behind": [{"by": "source", "metric": "leads", "row": PAYLOADS[0]}],
        "report_changes": [{}, {"by": "source"}, {"frozen": PAYLOADS[0], "against": PAYLOADS[1]}],
        "report_windows": [{"period": "all"}, {"by": "source"}, {"by": PAYLOADS[0], "lookback": PAYLOADS[1]}],
        "report_behind": [{"row": PAYLOADS[0], "metric": PAYLOADS[1]}],
        "models": [{"by": "source", "show": "linear", "learnt": "shapley"}, {"conversion": PAYLOADS[0]}],
        "bottlenecks": [{"by": "source"}, {"by": PAYLOADS[0], "unit": PAYLOADS[1]}],
        "definition_what_if": [{"first": "2026-01-01", "last": "2026-12-31"}, {"first": PAYLOADS[0], "last": "x"}],
        "person_merge": [{"with": one} for one in person[1:2]] + [{"q": "alert"}, {"q": PAYLOADS[0]}],
        "interaction_new": [{"person": one} for one in person[:1]] + [{"next": PAYLOADS[0]}],
        "huddle": [
            {"card": one}
            for one in ("wins", "promises", "loop", "leads", "bottleneck", "definition", "deals", "close", PAYLOADS[0])
        ],
        "audit_log": [{"page": PAYLOADS[0]}],
    }


@dataclass
class Walk:
    """What was opened, and what is left to open."""

    client: Client
    station: Station
    opened: Counter[str] = field(default_factory=Counter)
    """By route."""
    shown: set[str] = field(default_factory=set)
    """Payloads that stood on a page as plain text."""
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._seen: set[str] = set()
        self._found_of: Counter[str] = Counter()
        self._kinds: Counter[tuple[str, frozenset[str]]] = Counter()
        self._found: list[str] = []

    def addresses(self) -> Iterator[str]:
        """Pages, one after the other; links that `page_showed` adds meanwhile come last."""
        asked = asked_of_pages(self.station)
        for route in routes():
            answers = Counter[int]()
            for values in _values(str(route.name), _arguments(route), self.station):
                try:
                    address = reverse(str(route.name), kwargs=values)
                except NoReverseMatch:  # a number where an id stands elsewhere
                    continue
                for question in ({}, *asked.get(str(route.name), ())):
                    yield from self._page_at(f"{address}?{urlencode(question)}" if question else address, answers)
            if not self.opened[str(route.name)] and not answers.keys() & {200, 204, 405}:
                self.troubles.append(f"no page of “{route.name}” was opened; its answers were {dict(answers)}")
        while self._found:
            address = self._found.pop(0)
            if self._is_wanted(address):
                self._seen.add(address)
                yield address

    def page_showed(self, address: str, text: str, links: Iterable[str]) -> None:
        self.opened[_route(address)] += 1
        self.shown |= {one for one in PAYLOADS if "<" in one and escape(one) in text}
        for link in links:
            parts = urlsplit(link)
            if parts.scheme not in {"http", "https", "mailto", "tel", ""}:
                self.troubles.append(f"{address} links to {link[:200]}")
            elif parts.path.startswith("/"):
                self._found.append(f"{parts.path}?{parts.query}" if parts.query else parts.path)

    def _page_at(self, address: str, answers: Counter[int]) -> Iterator[str]:
        """The address, where it gives a page; a file is looked at in place."""
        answer = self.client.get(address)
        answers[answer.status_code] += 1
        is_page = "html" in answer.headers.get("Content-Type", "")
        if is_page and address not in self._seen and (answer.status_code == 200 or "?" in address):
            self._seen.add(address)
            yield address
        elif not is_page:
            self.troubles += [f"{address}: {one}" for one in wrong_with_file(answer)]
        answer.close()

    def _is_wanted(self, address: str) -> bool:
        name, questions = _route(address), parse_qs(urlsplit(address).query)
        if not name or name in WITHOUT_A_PAGE or "download" in name or not questions or address in self._seen:
            return False
        kind = name, frozenset(questions)
        if "page" in questions:
            self._kinds[name, frozenset({"page"})] += 1
            return self._kinds[name, frozenset({"page"})] <= PAGES_OF_A_LIST
        self._found_of[name] += 1
        self._kinds[kind] += 1
        return self._kinds[kind] <= OF_EACH and self._found_of[name] <= FOUND_OF_A_ROUTE


def routes() -> Iterator[URLPattern]:
    for one in get_resolver().url_patterns:
        if isinstance(one, URLPattern) and one.name and one.name not in WITHOUT_A_PAGE:
            yield one


def _arguments(route: URLPattern) -> list[str]:
    return [*route.pattern.regex.groupindex] or [*route.pattern.converters]


_OTHERWISE = {("scorecard_link", "token"): "scorecard_token",
              ("dashboard", "key"): "dashboard_key",
              ("own_model_edit", "key"): "own_key", ("frozen_run", "run_id"): "frozen_id",
              ("frozen_run_download", "run_id"): "frozen_id"}  # fmt: skip
"""Route and argument that share a name with others → whose values it has."""


def _values(route: str, names: list[str], station: Station) -> Iterator[dict[str, object]]:
    """Values of all arguments of a route together, as many as the argument with most values has."""
    sources = [GIVEN.get(_OTHERWISE.get((route, name), name), lambda _: [NOWHERE, 1]) for name in names]
    given = [list(source(station)) for source in sources]
    if not all(given):
        given = [found or [NOWHERE, 1] for found in given]
    for place in range(max(map(len, given), default=1)):
        yield {name: found[place % len(found)] for name, found in zip(names, given, strict=True)}


def _route(address: str) -> str:
    try:
        return str(resolve(urlsplit(address).path).url_name)
    except Resolver404:
        return ""


def wrong_with_file(answer: HttpResponse | StreamingHttpResponse) -> list[str]:
    """What a file that is no page does that no file may do: be taken for a page, or hold a formula."""
    kind = answer.headers.get("Content-Type", "")
    if answer.status_code != 200 or "event-stream" in kind:
        return []
    wrong = [] if answer.headers.get("X-Content-Type-Options") == "nosniff" else ["a browser may guess what it is"]
    if "csv" in kind:
        rows = csv.reader(io.StringIO(answer.getvalue().decode(), newline=""))
        wrong += [f"a formula: {cell[:80]}" for row in rows for cell in row if safe_cell(cell) != cell]
    elif "json" in kind:
        json.loads(answer.getvalue())
    return wrong
